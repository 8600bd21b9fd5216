/* The routes as the service describes them, shown by Swagger UI, which asks with the key of this tab. */

import { asProblem, describeRoutes } from "./api.js";
import { h, byId } from "./dom.js";
import { authorisation } from "./key.js";

try {
  window.SwaggerUIBundle({
    spec: await describeRoutes(),
    dom_id: "#swagger-ui",
    deepLinking: true,
    requestInterceptor: (request) => {
      Object.assign(request.headers, authorisation());
      return request;
    },
  });
} catch (error) {
  const { title, detail } = asProblem(error);
  byId("swagger-ui").replaceChildren(h("p", { role: "alert" }, `${title}. ${detail}`));
}

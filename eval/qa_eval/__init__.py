"""The eval suite: gold sets, metrics, reports."""

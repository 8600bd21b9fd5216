/*
 * The browser's storage. It may be full, or blocked for this site: then what is put in lasts as long as
 * the page, and `set` tells.
 */

class Kept {
  constructor(name) {
    this.memory = new Map();
    try {
      this.storage = window[name];
    } catch {
      this.storage = null; // blocked: even looking at it throws
    }
  }

  get(key) {
    return this.memory.get(key) ?? this.storage?.getItem(key) ?? null;
  }

  /** Returns whether it lasts. */
  set(key, value) {
    try {
      if (!this.storage) throw new Error("blocked");
      this.storage.setItem(key, value);
      this.memory.delete(key);
      return true;
    } catch {
      this.memory.set(key, value);
      return false;
    }
  }

  remove(key) {
    this.memory.delete(key);
    this.storage?.removeItem(key);
  }

  /** Whether what is under the key will be there when the page is opened again. */
  lasts(key) {
    return !this.memory.has(key);
  }

  keys() {
    return [...new Set([...Object.keys(this.storage ?? {}), ...this.memory.keys()])];
  }
}

/** Until the tab is closed. */
export const tab = new Kept("sessionStorage");

/** In this browser. */
export const browser = new Kept("localStorage");

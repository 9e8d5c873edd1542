// The browser's storage, which may be full or forbidden: then values last as long as the page.

/** @param {string} key */
export const load = (key) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};

/**
 * Store a value; null removes it.
 * @param {string} key
 * @param {string | null} value
 */
export const store = (key, value) => {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Nothing on the page depends on it.
  }
};

// Moments in the time zone of the browser, which is named.

/** @param {number} milliseconds since 1970 */
export const localTime = (milliseconds) =>
  new Date(milliseconds).toLocaleString([], { dateStyle: "medium", timeStyle: "long" });

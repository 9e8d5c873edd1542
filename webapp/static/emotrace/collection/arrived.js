// The recording of this page is on the server: the browser keeps it no longer.
import { UnsentRecordings } from "./unsent.js";

try {
  await (await UnsentRecordings.open()).remove(location.pathname);
} catch {
  // A browser that keeps nothing has nothing to forget.
}

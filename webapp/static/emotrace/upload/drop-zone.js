// Files dropped anywhere on the page.

/** @param {DragEvent} event */
const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;

/**
 * @param {HTMLElement} zone that is highlighted while files are dragged
 * @param {(files: FileList) => void} onFiles
 */
export const acceptDrops = (zone, onFiles) => {
  for (const name of /** @type {const} */ (["dragenter", "dragover"])) {
    addEventListener(name, (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) addEventListener(name, () => zone.classList.remove("over"));
  addEventListener("drop", (event) => {
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault();
    onFiles(event.dataTransfer.files);
  });
};

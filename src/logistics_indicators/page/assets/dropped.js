/** Files that are dropped on the page: the browser would open them, and leave the page for it. */

/** @param {DragEvent} event */
export const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files") ?? false;

/** Where nobody took them on the way up, nothing happens, and the pointer says so. */
export function refuseDrops() {
  for (const name of /** @type {const} */ (["dragover", "drop"])) {
    addEventListener(name, (event) => {
      if (event.defaultPrevented || !hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "none";
    });
  }
}

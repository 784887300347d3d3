/** The ways in for a photo: picked, photographed, dropped, pasted. */

/**
 * @param {object} options
 * @param {HTMLInputElement[]} options.inputs
 * @param {HTMLElement} options.curtain shown while something is dragged over the page
 * @param {(photo: File) => void} options.onPhoto
 * @param {() => void} options.onNothing told when what was dropped is no file
 */
export function installIntake({ inputs, curtain, onPhoto, onNothing }) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      const photo = input.files?.[0];
      if (photo) onPhoto(photo);
      input.value = ""; // so that the same photo can be picked again
    });
  }

  document.addEventListener("paste", (event) => {
    const photo = event.clipboardData?.files[0];
    if (photo) onPhoto(photo);
  });

  let depth = 0; // of elements that the pointer has entered and not left
  const enter = (/** @type {number} */ by) => {
    depth = Math.max(0, depth + by);
    curtain.hidden = depth === 0;
  };
  document.addEventListener("dragenter", () => enter(1));
  document.addEventListener("dragleave", () => enter(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    enter(-depth);
    const photo = event.dataTransfer?.files[0];
    if (photo) onPhoto(photo);
    else onNothing();
  });
}

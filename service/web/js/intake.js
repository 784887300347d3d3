/** The ways in for a photo: picked, photographed, dropped, pasted. */

/**
 * @param {object} options
 * @param {HTMLInputElement[]} options.inputs
 * @param {HTMLElement} options.curtain shown while something is dragged over the page
 * @param {(photos: File[]) => void} options.onPhotos
 * @param {() => void} options.onNothing told when what was dropped is no file
 */
export function installIntake({ inputs, curtain, onPhotos, onNothing }) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      if (input.files?.length) onPhotos([...input.files]);
      input.value = ""; // so that the same photo can be picked again
    });
  }

  document.addEventListener("paste", (event) => {
    const photos = event.clipboardData?.files;
    if (photos?.length) onPhotos([...photos]);
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
    const photos = event.dataTransfer?.files;
    if (photos?.length) onPhotos([...photos]);
    else onNothing();
  });
}

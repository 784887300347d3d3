/**
 * The shapes of the service's answers that the page reads. Coordinates are in pixels of the upright photo.
 *
 * @typedef {[number, number, number]} Color red, green, blue, 0–255
 * @typedef {{id: number, name: string, color: Color}} Label
 * @typedef {Label & {pixels: number, share: number, confidence: number}} Part a label that is in the photo
 * @typedef {{name: string, x: number, y: number, score: number}} Joint
 * @typedef {object} Person
 * @property {[number, number, number, number]} box x and y of the top-left pixel, width, height
 * @property {number} score
 * @property {Joint[]} keypoints
 * @property {Part[]} [labels] what of the mask is this person's; only where everybody was looked for
 *
 * @typedef {object} Model what GET /model says
 * @property {string} name
 * @property {string} version
 * @property {string} provider
 * @property {Label[]} labels
 * @property {string[]} joints
 * @property {Detector | null} [detector] what finds people; none: one person is looked for
 * @property {number} max_people of one photo who are answered at most
 * @property {Record<string, any>} metrics measured figures
 * @property {string} license
 * @property {string} training_data
 * @property {string} description
 * @property {string[]} limits
 * @property {string} precision
 * @property {{width: number, height: number}} input
 *
 * @typedef {object} Detector
 * @property {string} name
 * @property {string} version
 * @property {string} license
 * @property {string} training_data
 * @property {string} description
 * @property {string[]} limits
 * @property {number} threshold
 * @property {Record<string, any>} metrics
 *
 * @typedef {object} Answer what POST /analyze says
 * @property {{width: number, height: number}} image
 * @property {Part[]} labels
 * @property {string} [mask] palette PNG in base64; pixel value = label id. Not from a model without labels
 * @property {string} [instances] grey PNG in base64; pixel value = place in people, from 1; 0 for nobody. Only where
 *   everybody was looked for
 * @property {Person[]} people
 * @property {[number, number][]} skeleton bones, as pairs of indices into keypoints
 *
 * @typedef {{name: string, milliseconds: number}} Stage one step of the service's work
 *
 * @typedef {object} Reply an answer, and how it came
 * @property {Answer} answer
 * @property {string} text the answer's JSON, as it came where the photo was sent as it is
 * @property {number} milliseconds from the first byte sent to the last byte read; on this device, of the run
 * @property {Stage[]} stages
 * @property {{width: number, height: number} | null} sent the size of what was sent, where the photo was made smaller
 */
export {};

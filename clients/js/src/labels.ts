/** Labels by name or id: a list, or a text with commas, as the service's option has it. */
export type Labels = string | readonly (string | number)[];

/** Each label by itself. */
export function eachLabel(labels: Labels): readonly (string | number)[] {
  return typeof labels === "string" ? labels.split(",").map((label) => label.trim()) : labels;
}

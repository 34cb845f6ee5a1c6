/** Places of the points that no line reaches. @param {readonly (number | null)[]} values */
export function lonely(values) {
  return values.flatMap((value, at) => (value == null || values[at - 1] != null || values[at + 1] != null ? [] : [at]));
}

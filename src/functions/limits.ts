/** The longest text or byte string that a function makes, in UTF-16 units or bytes. */
export const TEXT_LENGTH_MAX = 16 * 1024 * 1024;

/** The longest array that a function makes out of nothing. */
export const ELEMENT_COUNT_MAX = 1_000_000;

/** @throws Error before the memory is spent */
export function checkTextLength(functionName: string, length: number): void {
  if (length > TEXT_LENGTH_MAX) {
    throw new Error(`${functionName} would make a value of length ${length}; the limit is ${TEXT_LENGTH_MAX}`);
  }
}

/** @throws Error before the memory is spent */
export function checkElementCount(functionName: string, count: number | bigint): void {
  if (count > ELEMENT_COUNT_MAX) {
    throw new Error(`${functionName} would make an array of ${count} elements; the limit is ${ELEMENT_COUNT_MAX}`);
  }
}

/** Index of the first number that is not below `value`; the length when all are. `numbers` must be ascending. */
export function lowerBound(numbers: readonly number[], value: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts `value` in its place, unless it is there; quick when it is the greatest, as times mostly are. */
export function insertSorted(numbers: number[], value: number): void {
  if (numbers.length === 0 || numbers[numbers.length - 1]! < value) {
    numbers.push(value);
    return;
  }
  const at = lowerBound(numbers, value);
  if (numbers[at] !== value) numbers.splice(at, 0, value);
}

export function removeSorted(numbers: number[], value: number): void {
  const at = lowerBound(numbers, value);
  if (numbers[at] === value) numbers.splice(at, 1);
}

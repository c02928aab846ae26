/** One record of RFC 4180, without its line end. Null is nothing at all, an empty text is `""`. */
export function csvRecord(cells: readonly (string | null)[]): string {
  const record = cells.map((cell) => (cell === null ? '' : csvField(cell))).join(',');
  // A record of one null would be an empty line, which readers skip.
  return record === '' ? '""' : record;
}

function csvField(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What the drivers print: lines while they run, and tables at the end. */

export function say(text) {
  console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

/** @param rows lists of cells, the first is the heading; numbers stand to the right */
export function printTable(rows) {
  const texts = rows.map((row) => row.map(String));
  const widths = texts[0].map((_, c) => Math.max(...texts.map((row) => row[c].length)));
  for (const [r, row] of texts.entries()) {
    const cells = row.map((text, c) =>
      typeof rows[Math.max(r, 1)]?.[c] === 'number' ? text.padStart(widths[c]) : text.padEnd(widths[c]),
    );
    console.log(`  ${cells.join('  ').trimEnd()}`);
  }
}

/** `p50 120, p99 300, most 310 of 41`; a dash for no values. */
export function spread(values) {
  if (values.length === 0) return '-';
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} of ${sorted.length}`;
}

/** `1 row, 2 rows`. */
export function counted(n, noun) {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

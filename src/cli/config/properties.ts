/** One entry of a properties file. */
export interface PropertyEntry {
  readonly name: string;
  readonly value: string;
  /** Where it begins, counting from 1. */
  readonly line: number;
}

/**
 * Reads a Java properties file: `name=value`, `name: value` or `name value`, `#` and `!` comments, a backslash at the end of a line
 * continues it, `\n \t \r \f \uXXXX` and any other escaped character. Never fails: Java takes every text.
 */
export function parseProperties(text: string): PropertyEntry[] {
  const entries: PropertyEntry[] = [];
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  for (let i = 0; i < lines.length; i++) {
    let logical = lines[i]!.replace(BLANKS_BEFORE, '');
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue;
    const line = i + 1;
    while (continues(logical) && i + 1 < lines.length) {
      logical = logical.slice(0, -1) + lines[++i]!.replace(BLANKS_BEFORE, '');
    }
    if (continues(logical)) logical = logical.slice(0, -1);
    entries.push({ ...splitEntry(logical), line });
  }
  return entries;
}

const BLANKS_BEFORE = /^[ \t\f]+/;

/** Whether a line ends with an odd number of backslashes. */
function continues(line: string): boolean {
  let count = 0;
  while (line[line.length - 1 - count] === '\\') count++;
  return count % 2 === 1;
}

function splitEntry(line: string): { readonly name: string; readonly value: string } {
  let end = 0;
  while (end < line.length && !/[=: \t\f]/.test(line[end]!)) end += line[end] === '\\' ? 2 : 1;
  const rest = line.slice(end).replace(/^[ \t\f]*(?:[=:][ \t\f]*)?/, '');
  return { name: unescaped(line.slice(0, end)), value: unescaped(rest) };
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f' };

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S])|$)/g, (_, code?: string, character?: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return character === undefined ? '' : (ESCAPED[character] ?? character);
  });
}

/*
 * Substitution of `${name}`. Values never become text that is parsed again: a reference inside a string is replaced
 * in the decoded string, a reference that stands for a name or a literal is replaced by one checked token. So a
 * value can never change the shape of a statement.
 */

/** A piece of the source text and what stands there after substitution. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The name inside `${name}`. */
export function variableName(reference: string): string {
  return reference.slice(2, -1);
}

/**
 * Replaces references inside the value of a string literal: `${x}`, `${x:-default}`; `$${x}` stands for the text
 * `${x}`. An undefined reference without default stays as it is.
 */
export function substituteInString(value: string, variables: ReadonlyMap<string, string>): string {
  let result = '';
  let from = 0;
  for (;;) {
    const at = value.indexOf('${', from);
    if (at < 0) break;
    const close = value.indexOf('}', at + 2);
    if (close < 0) break;
    if (at > from && value[at - 1] === '$') {
      result += value.slice(from, at - 1) + value.slice(at, close + 1);
    } else {
      result += value.slice(from, at) + resolve(value.slice(at + 2, close), variables);
    }
    from = close + 1;
  }
  return from === 0 ? value : result + value.slice(from);
}

function resolve(reference: string, variables: ReadonlyMap<string, string>): string {
  const at = reference.indexOf(':-');
  const name = at < 0 ? reference : reference.slice(0, at);
  const value = variables.get(name);
  if (value !== undefined) return value;
  return at < 0 ? `\${${reference}}` : reference.slice(at + 2);
}

/** The text with all replacements made; they must not overlap. Offsets count from `base`. */
export function applyReplacements(text: string, base: number, replacements: readonly Replacement[]): string {
  if (replacements.length === 0) return text;
  let result = '';
  let from = 0;
  for (const replacement of [...replacements].sort((a, b) => a.start - b.start)) {
    result += text.slice(from, replacement.start - base) + replacement.text;
    from = replacement.end - base;
  }
  return result + text.slice(from);
}

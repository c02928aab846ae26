import { RE2JS } from 're2js';

/** Longer patterns are refused: the size of the automaton follows the pattern. */
const PATTERN_LENGTH_MAX = 10_000;
const CACHED_PATTERNS_MAX = 100;

const cache = new Map<string, RE2JS>();

/**
 * Compiles a pattern written for `java.util.regex` with RE2, whose matching time is linear in the text. What RE2 reads
 * otherwise than Java is translated, or refused where it cannot be: look-around, back references, possessive
 * quantifiers, class intersections. One difference stays: outside `(?m)`, `$` matches at the very end only, not before a
 * last line feed.
 * @throws Error `Invalid regular expression pattern: ...`
 */
export function compilePattern(pattern: string): RE2JS {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  const compiled = compile(pattern);
  if (cache.size >= CACHED_PATTERNS_MAX) cache.clear();
  cache.set(pattern, compiled);
  return compiled;
}

function compile(pattern: string): RE2JS {
  if (pattern.length > PATTERN_LENGTH_MAX) {
    throw invalid(`${pattern.slice(0, 40)}... (more than ${PATTERN_LENGTH_MAX} characters)`);
  }
  try {
    return RE2JS.compile(new Translator(pattern).translate());
  } catch (cause) {
    throw invalid(`${pattern}: ${(cause as Error).message}`);
  }
}

function invalid(detail: string): Error {
  return new Error(`Invalid regular expression pattern: ${detail}`);
}

/** Java's POSIX and shorthand names inside `\p{...}`, as the inside of an RE2 class. */
const NAMED_CLASSES: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7F',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-/:-@\\[-`{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1F\\x7F',
  XDigit: '0-9a-fA-F',
  Space: '\\t-\\r ',
  javaLowerCase: '\\p{Ll}',
  javaUpperCase: '\\p{Lu}',
  javaWhitespace: '\\t-\\r\\x1C-\\x20',
  IsAlphabetic: '\\pL\\p{Nl}',
  IsLetter: '\\pL',
  IsDigit: '\\p{Nd}',
  IsLowercase: '\\p{Ll}',
  IsUppercase: '\\p{Lu}',
  IsPunctuation: '\\pP',
  IsWhite_Space: '\\t-\\r \\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}',
};

/** Java's shorthands as the insides of a class, and their complements; RE2's `\s` lacks the vertical tab. */
const SHORTHANDS: Readonly<Record<string, string>> = {
  s: '\\t-\\r ',
  S: '\\x00-\\x08\\x0E-\\x1F!-\\x{10FFFF}',
  h: ' \\t\\x{A0}\\x{1680}\\x{180E}\\x{2000}-\\x{200A}\\x{202F}\\x{205F}\\x{3000}',
  v: '\\n-\\r\\x{85}\\x{2028}\\x{2029}',
};

const LINE_ENDS = '\\n\\r\\x{85}\\x{2028}\\x{2029}';

/** Rewrites one pattern from left to right; `#dotAll` follows the inline flags of the group it is in. */
class Translator {
  readonly #pattern: string;
  #at = 0;
  #dotAll = false;
  readonly #groups: boolean[] = [];

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  translate(): string {
    let out = '';
    while (this.#at < this.#pattern.length) out += this.#element();
    return out;
  }

  #element(): string {
    const c = this.#pattern[this.#at]!;
    switch (c) {
      case '\\':
        return this.#escape(false);
      case '[':
        return this.#class();
      case '(':
        return this.#group();
      case ')':
        this.#at++;
        this.#dotAll = this.#groups.pop() ?? this.#dotAll;
        return c;
      case '.':
        this.#at++;
        return this.#dotAll ? '(?s:.)' : `[^${LINE_ENDS}]`;
      case '*':
      case '+':
      case '?':
      case '{':
        return this.#quantifier();
      default:
        this.#at++;
        return c;
    }
  }

  #quantifier(): string {
    const rest = this.#pattern.slice(this.#at);
    const text = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(rest)?.[0];
    if (text === undefined) throw new Error('illegal repetition');
    if (rest[text.length] === '+') throw new Error('possessive quantifiers are not supported');
    this.#at += text.length;
    if (rest[text.length] !== '?') return text;
    this.#at++;
    return `${text}?`;
  }

  #group(): string {
    const rest = this.#pattern.slice(this.#at, this.#at + 64);
    const inline = /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])/.exec(rest);
    if (inline === null) {
      const named = /^\(\?<[a-zA-Z][a-zA-Z0-9]*>/.exec(rest);
      if (named === null && rest.startsWith('(?')) {
        throw new Error('look-around and atomic groups are not supported');
      }
      this.#groups.push(this.#dotAll);
      const text = named?.[0] ?? '(';
      this.#at += text.length;
      return text;
    }
    const [text, on, off, end] = inline as unknown as [string, string, string | undefined, string];
    const foreign = /[^ims]/.exec(on + (off ?? ''))?.[0];
    if (foreign !== undefined) throw new Error(`the inline flag ${foreign} is not supported`);
    if (end === ':') this.#groups.push(this.#dotAll);
    if (on.includes('s')) this.#dotAll = true;
    if (off?.includes('s')) this.#dotAll = false;
    this.#at += text.length;
    // RE2 refuses an empty list of flags in front of the closing parenthesis.
    return text === '(?)' ? '' : text;
  }

  /** At a backslash. */
  #escape(inClass: boolean): string {
    const pattern = this.#pattern;
    const c = pattern[this.#at + 1];
    if (c === undefined) throw new Error('a backslash ends the pattern');
    const rest = pattern.slice(this.#at, this.#at + 64);
    const unicode = /^\\u([0-9a-fA-F]{4})/.exec(rest);
    if (unicode !== null) return this.#take(6, `\\x{${unicode[1]}}`);
    const octal = /^\\0([0-3]?[0-7]{1,2})/.exec(rest);
    if (octal !== null) return this.#take(octal[0].length, `\\x{${Number.parseInt(octal[1]!, 8).toString(16)}}`);
    const control = /^\\c([\x40-\x5f])/.exec(rest);
    if (control !== null) return this.#take(3, `\\x{${(control[1]!.charCodeAt(0) ^ 64).toString(16)}}`);
    const property = /^\\([pP])\{(\^?)(\w+)\}/.exec(rest);
    if (property !== null) return this.#property(property, inClass);
    if (c === 'Q') return this.#quoted();
    if (c === 'e') return this.#take(2, '\\x1B');
    if (c === 'Z' && !inClass) throw new Error('\\Z is not supported');
    if (c === 'R' && !inClass) return this.#take(2, `(?:\\r\\n|[${SHORTHANDS['v']}])`);
    if (/[1-9kGX]/.test(c)) throw new Error(`\\${c} is not supported`);
    const shorthand = SHORTHANDS[c];
    if (shorthand !== undefined) return this.#take(2, inClass ? shorthand : `[${shorthand}]`);
    if (c === 'H' || c === 'V') {
      if (inClass) throw new Error(`\\${c} inside a class is not supported`);
      return this.#take(2, `[^${SHORTHANDS[c.toLowerCase()]}]`);
    }
    const point = String.fromCodePoint(pattern.codePointAt(this.#at + 1)!);
    // Java takes a backslash before any character that is no letter as a quotation; RE2 only before ASCII marks.
    if (point > '\x7f' || /\s/.test(point)) return this.#take(1 + point.length, point);
    return this.#take(2, `\\${c}`);
  }

  #property(match: RegExpExecArray, inClass: boolean): string {
    const [text, letter, caret, name] = match as unknown as [string, string, string, string];
    const negated = (letter === 'P') !== (caret === '^');
    const known = Object.hasOwn(NAMED_CLASSES, name) ? NAMED_CLASSES[name] : undefined;
    if (known === undefined) {
      // Java writes scripts and categories with a prefix too: \p{IsLatin}, \p{IsL}, \p{script=...} is rarer.
      const plain = name.replace(/^Is/, '');
      return this.#take(text.length, `\\${negated ? 'P' : 'p'}{${plain}}`);
    }
    if (!inClass) return this.#take(text.length, `[${negated ? '^' : ''}${known}]`);
    if (negated) throw new Error(`\\P{${name}} inside a class is not supported`);
    return this.#take(text.length, known);
  }

  #quoted(): string {
    const end = this.#pattern.indexOf('\\E', this.#at);
    const text = this.#pattern.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#pattern.length : end + 2;
    return RE2JS.quote(text);
  }

  #take(length: number, out: string): string {
    this.#at += length;
    return out;
  }

  #class(): string {
    let out = '[';
    this.#at++;
    if (this.#pattern[this.#at] === '^') {
      out += '^';
      this.#at++;
    }
    if (this.#pattern[this.#at] === ']') {
      out += '\\]';
      this.#at++;
    }
    for (;;) {
      const c = this.#pattern[this.#at];
      if (c === undefined) throw new Error('a class is not closed');
      if (c === ']') return out + this.#take(1, ']');
      if (c === '[') throw new Error('a class inside a class is not supported');
      if (c === '&' && this.#pattern[this.#at + 1] === '&') throw new Error('class intersections are not supported');
      out += c === '\\' ? this.#escape(true) : this.#take(1, c);
    }
  }
}

/** A piece of a replacement: text, or the number or name of a group. */
type ReplacementPart = string | { readonly group: number | string };

/**
 * Reads a replacement as Java's `Matcher.replaceAll` does: `$1` (as many digits as name a group), `${name}`, `\x`.
 * @throws Error for a reference to a group that the pattern does not have
 */
export function parseReplacement(text: string, groupCount: number): readonly ReplacementPart[] {
  const parts: ReplacementPart[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const c = text[at++]!;
    if (c === '\\') {
      if (at === text.length) throw new Error('character to be escaped is missing');
      literal += text[at++]!;
      continue;
    }
    if (c !== '$') {
      literal += c;
      continue;
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    const name = /^\{([a-zA-Z][a-zA-Z0-9]*)\}/.exec(text.slice(at, at + 100));
    if (name !== null) {
      parts.push({ group: name[1]! });
      at += name[0].length;
      continue;
    }
    if (!isDigit(text[at])) throw new Error('Illegal group reference');
    let group = Number(text[at++]);
    if (group > groupCount) throw new Error(`No group ${group}`);
    while (isDigit(text[at]) && group * 10 + Number(text[at]) <= groupCount) group = group * 10 + Number(text[at++]);
    parts.push({ group });
  }
  if (literal !== '') parts.push(literal);
  return parts;
}

function isDigit(c: string | undefined): boolean {
  return c !== undefined && c >= '0' && c <= '9';
}

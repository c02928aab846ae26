/**
 * A compiled LIKE pattern: `%` stands for any run of characters, `_` for one (a surrogate pair counts as one), everything
 * else for itself; the whole text must match. Neither wildcard matches a line end, as in ksqlDB, whose matcher is a
 * regular expression with `.`.
 *
 * Matching never backtracks over more than one `%`: between two of them the leftmost match is always at least as good as
 * any later one, so the time is bounded by text length times pattern length.
 */
export class LikePattern {
  /** The pattern cut at its `%`, as text; null when there is a `_`. */
  readonly #texts: readonly string[] | null;
  /** The pattern cut at its `%`, as code points with {@link ANY_ONE} for `_`. */
  readonly #pieces: readonly (readonly number[])[];

  private constructor(pieces: readonly (readonly number[])[]) {
    this.#pieces = pieces;
    this.#texts = pieces.some((piece) => piece.includes(ANY_ONE))
      ? null
      : pieces.map((piece) => piece.map((point) => String.fromCodePoint(point)).join(''));
  }

  /**
   * @param escapeCharacter the character that makes the next one stand for itself, or null for none
   * @throws Error when the pattern ends with the escape character
   */
  static compile(pattern: string, escapeCharacter: string | null): LikePattern {
    const pieces: number[][] = [[]];
    const characters = [...pattern];
    for (let i = 0; i < characters.length; i++) {
      let character = characters[i]!;
      const piece = pieces[pieces.length - 1]!;
      if (character === escapeCharacter) {
        if (++i === characters.length) throw new Error('LIKE pattern must not end with escape character');
        character = characters[i]!;
      } else if (character === '%') {
        pieces.push([]);
        continue;
      } else if (character === '_') {
        piece.push(ANY_ONE);
        continue;
      }
      piece.push(character.codePointAt(0)!);
    }
    return new LikePattern(pieces);
  }

  matches(text: string): boolean {
    return this.#texts === null ? matchesPoints(text, this.#pieces) : matchesTexts(text, this.#texts);
  }
}

/** Stands for `_` among code points. */
const ANY_ONE = -1;

function matchesTexts(text: string, pieces: readonly string[]): boolean {
  const first = pieces[0]!;
  if (pieces.length === 1) return text === first;
  const last = pieces[pieces.length - 1]!;
  const end = text.length - last.length;
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  let position = first.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i]!;
    const found = text.indexOf(piece, position);
    if (found < 0 || found + piece.length > end || hasLineEnd(text, position, found)) return false;
    position = found + piece.length;
  }
  return !hasLineEnd(text, position, end);
}

/** Reused between calls, so that a match allocates nothing. */
let points = new Int32Array(256);

function matchesPoints(text: string, pieces: readonly (readonly number[])[]): boolean {
  if (points.length < text.length) points = new Int32Array(text.length * 2);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    points[length++] = point;
    if (point > 0xffff) i++;
  }
  const first = pieces[0]!;
  if (pieces.length === 1) return length === first.length && matchesAt(0, first);
  const last = pieces[pieces.length - 1]!;
  const end = length - last.length;
  if (first.length > end || !matchesAt(0, first) || !matchesAt(end, last)) return false;
  let position = first.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i]!;
    let found = position;
    while (found + piece.length <= end && !matchesAt(found, piece)) {
      if (isLineEnd(points[found]!)) return false;
      found++;
    }
    if (found + piece.length > end) return false;
    position = found + piece.length;
  }
  for (let i = position; i < end; i++) if (isLineEnd(points[i]!)) return false;
  return true;
}

function matchesAt(at: number, piece: readonly number[]): boolean {
  for (let i = 0; i < piece.length; i++) {
    const wanted = piece[i]!;
    const point = points[at + i]!;
    if (wanted === ANY_ONE ? isLineEnd(point) : wanted !== point) return false;
  }
  return true;
}

function hasLineEnd(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (isLineEnd(text.charCodeAt(i))) return true;
  return false;
}

/** The line terminators of Java's regular expressions. */
function isLineEnd(code: number): boolean {
  return code === 10 || code === 13 || code === 0x85 || code === 0x2028 || code === 0x2029;
}

import { tokenize } from '../../parser/split.js';
import type { TokenKind } from '../../parser/tokens.js';
import type { Palette } from '../render/palette.js';

/** A part of a text that is shown in one way. */
export interface StyledRun {
  readonly start: number;
  readonly end: number;
  readonly style: (text: string) => string;
}

/** Above this a text is shown plainly: nobody types so much, and each key would wait for it. */
const HIGHLIGHTED_MAX = 20_000;

/** How a statement is coloured, by the same lexer that reads it. */
export function highlight(text: string, palette: Palette): readonly StyledRun[] {
  if (text.length > HIGHLIGHTED_MAX) return [];
  const styles: Readonly<Partial<Record<TokenKind, (text: string) => string>>> = {
    keyword: palette.cyan,
    string: palette.green,
    number: palette.yellow,
    variable: palette.yellow,
    comment: palette.dim,
    directive: palette.dim,
    unknown: palette.red,
  };
  return tokenize(text).flatMap(({ kind, span }) => {
    const style = styles[kind];
    return style === undefined ? [] : [{ start: span.start, end: span.end, style }];
  });
}

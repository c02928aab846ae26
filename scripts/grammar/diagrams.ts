import { LEXICAL_RULES, NON_RESERVED_WORDS } from '../../src/parser/tokens.js';
import { type GrammarRule, grammarRules, type Part, tokenGroups } from './rules.js';

/*
 * Railroad diagrams as plain SVG. A piece enters on its left and leaves on its right at the same height; `up` and
 * `down` are what it needs above and below that line.
 */

interface Piece {
  readonly width: number;
  readonly up: number;
  readonly down: number;
  draw(x: number, y: number): string;
}

const GAP = 10;
const RADIUS = 10;
const BOX = 22;
const LETTER = 7.9;

/** The text of grammar/diagrams.html: one page that needs nothing else. */
export function diagramsPage(): string {
  const rules = [...grammarRules(), ...tokenGroups()];
  const sections = rules.map((rule) => section(rule)).join('\n');
  const list = NON_RESERVED_WORDS.map((word) => `<code>${word}</code>`).join(' ');
  const lexical = LEXICAL_RULES.map(
    ([name, rule]) => `<dt id="${name}">${name}</dt><dd><code>${escapeHtml(rule)}</code></dd>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>SQL grammar</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1b1f24; background: #fff; }
section > div { overflow-x: auto; }
h2 { font: 600 15px ui-monospace, monospace; margin: 1.6rem 0 0.3rem; }
svg path { fill: none; stroke: #57606a; stroke-width: 1.5; }
svg rect { fill: #eef6ee; stroke: #57606a; stroke-width: 1.5; }
svg a rect { fill: #eef1fb; }
svg text { font: 13px ui-monospace, monospace; text-anchor: middle; fill: #1b1f24; }
dt { font: 600 14px ui-monospace, monospace; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117; }
  svg rect { fill: #14281a; } svg a rect { fill: #161f3a; } svg text { fill: #e6edf3; }
  svg path, svg rect { stroke: #8b949e; }
}
</style>
</head>
<body>
<h1>SQL grammar</h1>
<p>Generated from the parser by <code>scripts/generate-grammar.mjs</code>: do not edit. Green boxes are text as written,
in any case; blue boxes lead to other rules.</p>
${sections}
<section id="nonReservedWord"><h2>nonReservedWord</h2><p>${list}</p></section>
<dl>
${lexical.join('\n')}
</dl>
</body>
</html>
`;
}

function section(rule: GrammarRule): string {
  const piece = sequence([stop(), pieceOf(rule.body), stop()]);
  const width = round(piece.width + 2 * GAP);
  const height = round(piece.up + piece.down + 2 * GAP);
  const body = piece.draw(GAP, GAP + piece.up);
  const svg = `<svg width="${width}" height="${height}" role="img" aria-label="${rule.name}">${body}</svg>`;
  return `<section id="${rule.name}"><h2>${rule.name}</h2><div>${svg}</div></section>`;
}

function pieceOf(part: Part): Piece {
  switch (part.kind) {
    case 'text':
      return box(part.text, null);
    case 'rule':
      return box(part.name, part.name);
    case 'sequence':
      return part.parts.length === 0 ? line() : sequence(part.parts.map(pieceOf));
    case 'choice':
      return choice(part.parts.map(pieceOf));
    case 'optional':
      return choice([line(), pieceOf(part.part)]);
    case 'repeat': {
      const separator = part.separator === null ? line() : pieceOf(part.separator);
      const once = loop(pieceOf(part.part), separator);
      return part.atLeastOne ? once : choice([line(), once]);
    }
  }
}

function box(text: string, link: string | null): Piece {
  const width = text.length * LETTER + 20;
  return {
    width,
    up: BOX / 2,
    down: BOX / 2,
    draw(x, y) {
      const corner = link === null ? 11 : 3;
      const rect = `<rect x="${round(x)}" y="${round(y - BOX / 2)}" width="${round(width)}" height="${BOX}" rx="${corner}"/>`;
      const label = `<text x="${round(x + width / 2)}" y="${round(y + 4.5)}">${escapeHtml(text)}</text>`;
      return link === null ? rect + label : `<a href="#${link}">${rect}${label}</a>`;
    },
  };
}

function line(): Piece {
  return { width: 0, up: 0, down: 0, draw: () => '' };
}

function stop(): Piece {
  return { width: 4, up: 8, down: 8, draw: (x, y) => path(`M${round(x)} ${round(y - 8)}v16m4 -16v16`) };
}

function sequence(pieces: readonly Piece[]): Piece {
  const width = pieces.reduce((sum, piece) => sum + piece.width, 0) + GAP * (pieces.length - 1);
  return {
    width,
    up: Math.max(...pieces.map((piece) => piece.up)),
    down: Math.max(...pieces.map((piece) => piece.down)),
    draw(x, y) {
      let at = x;
      let drawn = '';
      pieces.forEach((piece, i) => {
        if (i > 0) {
          drawn += horizontal(at, at + GAP, y);
          at += GAP;
        }
        drawn += piece.draw(at, y);
        at += piece.width;
      });
      return drawn;
    },
  };
}

/** The first piece goes straight on, the others hang below it. */
function choice(pieces: readonly Piece[]): Piece {
  const inner = Math.max(...pieces.map((piece) => piece.width));
  const offsets: number[] = [0];
  let bottom = Math.max(pieces[0]!.down, RADIUS);
  for (const piece of pieces.slice(1)) {
    const offset = Math.max(bottom + GAP + piece.up, 2 * RADIUS);
    offsets.push(offset);
    bottom = offset + piece.down;
  }
  const side = 2 * RADIUS;
  return {
    width: inner + 2 * side,
    up: pieces[0]!.up,
    down: bottom,
    draw(x, y) {
      const right = x + side + inner;
      let drawn = '';
      pieces.forEach((piece, i) => {
        const at = y + offsets[i]!;
        const end = x + side + piece.width;
        if (i === 0) {
          drawn += horizontal(x, x + side, y) + horizontal(end, right + side, y);
        } else {
          const fall = round(offsets[i]! - 2 * RADIUS);
          drawn += path(`M${round(x)} ${round(y)}q10 0 10 10v${fall}q0 10 10 10`);
          drawn += horizontal(end, right, at);
          drawn += path(`M${round(right)} ${round(at)}q10 0 10 -10v${-fall}q0 -10 10 -10`);
        }
        drawn += piece.draw(x + side, at);
      });
      return drawn;
    },
  };
}

/** The way back runs below the piece, through the separator. */
function loop(piece: Piece, separator: Piece): Piece {
  const inner = Math.max(piece.width, separator.width);
  const offset = Math.max(piece.down + GAP + separator.up, 2 * RADIUS);
  const side = 2 * RADIUS;
  return {
    width: inner + 2 * side,
    up: piece.up,
    down: offset + separator.down,
    draw(x, y) {
      const left = x + side;
      const right = left + inner;
      const back = y + offset;
      const fall = round(offset - 2 * RADIUS);
      const middle = left + (inner - separator.width) / 2;
      return (
        horizontal(x, left, y) +
        piece.draw(left, y) +
        horizontal(left + piece.width, right + side, y) +
        path(`M${round(right)} ${round(y)}q10 0 10 10v${fall}q0 10 -10 10`) +
        horizontal(left, middle, back) +
        separator.draw(middle, back) +
        horizontal(middle + separator.width, right, back) +
        path(`M${round(left)} ${round(back)}q-10 0 -10 -10v${-fall}q0 -10 10 -10`)
      );
    },
  };
}

function horizontal(from: number, to: number, y: number): string {
  return to > from ? path(`M${round(from)} ${round(y)}H${round(to)}`) : '';
}

function path(d: string): string {
  return `<path d="${d}"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

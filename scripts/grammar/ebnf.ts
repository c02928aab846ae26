import { LEXICAL_RULES, NON_RESERVED_WORDS } from '../../src/parser/tokens.js';
import { type GrammarRule, grammarRules, type Part, tokenGroups } from './rules.js';

const WIDTH = 110;

const HEAD = `(* The grammar of the dialect. Generated from the parser by scripts/generate-grammar.mjs: do not edit.

   a b      one after the other          'x'      this text; letters in any case
   a | b    one of both                  [ a ]    at most once
   { a }    any number of times          ( a )    together

   What the rules do not show: a minus before a number belongs to the number; operators bind, from tightly to loosely,
   as - +, * / %, + -, ||, comparisons, NOT, AND, OR; conditions do not chain. RUN SCRIPT and the ASSERT of VALUES,
   NULL VALUES, STREAM and TABLE are for the test runner. *)
`;

/** The text of grammar/sql.ebnf. */
export function ebnf(): string {
  const words: GrammarRule = {
    name: 'nonReservedWord',
    body: { kind: 'choice', parts: NON_RESERVED_WORDS.map((text) => ({ kind: 'text', text })) },
  };
  const rules = [...grammarRules(), ...tokenGroups(), words].map((rule) => ruleText(rule.name, rule.body));
  const lexical = LEXICAL_RULES.map(([name, text]) => `${name} = ${text} ;`);
  return `${HEAD}\n${[...rules, ...lexical].join('\n\n')}\n`;
}

function ruleText(name: string, body: Part): string {
  const line = `${name} = ${text(body, false)} ;`;
  if (line.length <= WIDTH) return line;
  const parts = body.kind === 'choice' ? body.parts.map((part) => text(part, false)) : null;
  if (parts === null) return `${name} =\n    ${wrap(text(body, false), ' ')} ;`;
  const isWords = body.kind === 'choice' && body.parts.every((part) => part.kind === 'text');
  return isWords ? `${name} =\n    ${wrap(parts.join(' | '), ' ')} ;` : `${name} =\n    ${parts.join('\n  | ')} ;`;
}

/** Breaks a long line at blanks outside quotes. */
function wrap(line: string, separator: string): string {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(separator)) {
    if (current.length + word.length > WIDTH - 6) {
      lines.push(current);
      current = word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current].join('\n    ');
}

function text(part: Part, inner: boolean): string {
  switch (part.kind) {
    case 'text':
      return `'${part.text}'`;
    case 'rule':
      return part.name;
    case 'sequence':
      return part.parts.map((p) => text(p, true)).join(' ');
    case 'choice': {
      const joined = part.parts.map((p) => text(p, false)).join(' | ');
      return inner ? `( ${joined} )` : joined;
    }
    case 'optional':
      return `[ ${text(part.part, false)} ]`;
    case 'repeat': {
      const once = text(part.part, true);
      const again = part.separator === null ? text(part.part, false) : `${text(part.separator, true)} ${once}`;
      if (part.separator === null && !part.atLeastOne) return `{ ${again} }`;
      const list = `${once} { ${again} }`;
      return part.atLeastOne ? list : `[ ${list} ]`;
    }
  }
}

import protobuf from 'protobufjs';
import type { SchemaText } from '../schema-registry/schema-registry.js';
import { parseProto } from './parse-proto.js';
import { type ProtoStatement, printProto } from './proto-text.js';

/**
 * The text of a valid .proto file without comments and in one layout: statements by their kinds, imports and options in alphabetical order. The orders
 * of messages and of fields stay, for records and columns follow them.
 * @throws StatementError `invalid-schema`
 */
export function canonicalProto(schema: SchemaText): string {
  parseProto(schema);
  const statements = readStatements(new Tokens(schema.text));
  const said = statements.some(({ head }) => /^(?:syntax|edition)\b/.test(head));
  return printProto(said ? statements : [{ head: 'syntax = "proto2"', options: [], body: null }, ...statements]);
}

/**
 * The statements to the end of the text or of the block, word by word as they are written. What they mean, and that their depth is bounded,
 * has been checked.
 */
function readStatements(tokens: Tokens): ProtoStatement[] {
  const found: ProtoStatement[] = [];
  for (let token = tokens.next(); token !== null && token !== '}'; token = tokens.next()) {
    if (token !== ';') found.push(readStatement(token, tokens));
  }
  const isOrdered = ({ head }: ProtoStatement): boolean => head.startsWith('import ') || head.startsWith('option ');
  const ordered = found.filter(isOrdered).sort((a, b) => (a.head < b.head ? -1 : a.head > b.head ? 1 : 0));
  return [...ordered, ...found.filter((each) => !isOrdered(each))];
}

function readStatement(first: string, tokens: Tokens): ProtoStatement {
  const head: string[] = [];
  let options: string[] = [];
  let depth = 0;
  for (let token: string | null = first; token !== null; token = tokens.next()) {
    if (first === 'option') {
      if (token === ';' && depth === 0) break;
      depth += nesting(token);
    } else if (token === ';') {
      break;
    } else if (token === '{') {
      return { head: phrase(head), options, body: readStatements(tokens) };
    } else if (token === '[') {
      options = readOptions(tokens);
      continue;
    }
    head.push(token);
  }
  return { head: phrase(head), options, body: null };
}

/** What stands between the brackets after a field or a value. */
function readOptions(tokens: Tokens): string[] {
  const options: string[] = [];
  let option: string[] = [];
  let depth = 0;
  for (let token = tokens.next(); token !== null; token = tokens.next()) {
    if (depth === 0 && (token === ',' || token === ']')) {
      options.push(phrase(option));
      option = [];
      if (token === ']') break;
      continue;
    }
    depth += nesting(token);
    option.push(token);
  }
  return options.sort();
}

function nesting(token: string): number {
  if (token === '{' || token === '[') return 1;
  return token === '}' || token === ']' ? -1 : 0;
}

/** Tokens with blanks between them where the language's style has some. */
function phrase(tokens: readonly string[]): string {
  let text = '';
  for (const [i, token] of tokens.entries()) {
    const tight = i === 0 || /^(?:[,;:<>)\]]|\.)/.test(token) || /[<([.]$/.test(tokens[i - 1]!);
    text += tight ? token : ` ${token}`;
  }
  return text;
}

/** The tokens of a text, a string being one of them, in double quotes. */
class Tokens {
  readonly #handle: protobuf.ITokenizerHandle;

  constructor(text: string) {
    this.#handle = protobuf.tokenize(text, false);
  }

  next(): string | null {
    const token = this.#handle.next();
    if (token !== '"' && token !== "'") return token;
    const text = this.#handle.next() ?? '';
    this.#handle.skip(token);
    return `"${text.replace(/["\\]/g, '\\$&').replace(/[\0-\x1f\x7f]/g, octal)}"`;
  }
}

function octal(char: string): string {
  return `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
}

/**
 * One statement of a .proto file: `head [options];`, or `head { body }`. Heads have single blanks between words.
 */
export interface ProtoStatement {
  readonly head: string;
  /** Each as `name = value`, where values may have several lines. */
  readonly options: readonly string[];
  readonly body: readonly ProtoStatement[] | null;
}

export function statement(head: string, options: readonly string[] = []): ProtoStatement {
  return { head, options, body: null };
}

export function block(head: string, body: readonly ProtoStatement[], options: readonly string[] = []): ProtoStatement {
  return { head, options, body };
}

/**
 * The text of a file, laid out as Confluent's registry does: by kinds of statements with a blank line between the kinds, two blanks a level
 * (a blank line has those of the level around it), each of several options on a line of its own.
 */
export function printProto(statements: readonly ProtoStatement[]): string {
  const [syntax, declared, ...rest] = sections(statements, FILE_SECTIONS);
  const parts = rest.filter((section) => section.length > 0).map((section) => section.map(printStatement).join(''));
  const first = [...syntax!, ...declared!].map(printStatement).join('');
  return [first, ...parts].filter((part) => part !== '').join('\n');
}

const FILE_SECTIONS: readonly (readonly string[])[] = [
  ['syntax', 'edition'],
  ['package'],
  ['import'],
  ['option'],
  ['message', 'enum'],
  ['extend'],
  ['service'],
];
const BLOCK_SECTIONS: readonly (readonly string[])[] = [
  ['reserved'],
  ['option'],
  [],
  ['oneof'],
  ['extensions'],
  ['message', 'enum', 'extend'],
];
const FIELDS = BLOCK_SECTIONS.findIndex((words) => words.length === 0);

/** The statements by the words that they begin with, in the order of the words; what begins with none of them is a field. */
function sections(
  statements: readonly ProtoStatement[],
  words: readonly (readonly string[])[],
): readonly (readonly ProtoStatement[])[] {
  const found: ProtoStatement[][] = words.map(() => []);
  for (const each of statements) {
    const word = firstWord(each);
    const section = words.findIndex((some) => some.includes(word));
    found[section < 0 ? FIELDS : section]!.push(each);
  }
  return found.map((section, i) => {
    const order = words[i]!;
    // The order of messages is that of the indexes in records; enums follow them.
    return order.length < 2 ? section : order.flatMap((word) => section.filter((each) => firstWord(each) === word));
  });
}

function firstWord({ head }: ProtoStatement): string {
  return /^\w*/.exec(head)![0];
}

function printStatement({ head, options, body }: ProtoStatement): string {
  const text = head + printOptions(options);
  if (body === null) return `${text};\n`;
  const parts = sections(body, BLOCK_SECTIONS).filter((section) => section.length > 0);
  if (parts.length === 0) return `${text} {}\n`;
  const inner = parts.map((section) => indented(section.map(printStatement).join('')));
  return `${text} {\n${inner.join('\n')}}\n`;
}

function printOptions(options: readonly string[]): string {
  if (options.length === 0) return '';
  return options.length === 1 ? ` [${options[0]}]` : ` [\n${indented(`${options.join(',\n')}\n`)}]`;
}

/** Whole lines, two blanks further to the right. */
function indented(lines: string): string {
  return lines
    .slice(0, -1)
    .split('\n')
    .map((line) => `  ${line}\n`)
    .join('');
}

import { type Awaited, isComplete } from '../../parser/split.js';

export const PROMPT = 'millrace> ';

const REASONS: Readonly<Record<Awaited, string>> = {
  string: "'",
  quotedIdentifier: '`',
  comment: '/*',
  bracket: '(',
  semicolon: '-',
};

/** Above this a prompt does not say why it waits: finding out would take longer than typing. */
const EXPLAINED_MAX = 20_000;

/** The prompt of each line of a text: from the second on it says what the lines before have left open. */
export function linePrompts(text: string): string[] {
  const lines = text.split('\n');
  let before = '';
  return lines.map((line, number) => {
    if (number === 0) {
      before = line;
      return PROMPT;
    }
    const reason = before.length > EXPLAINED_MAX ? '-' : REASONS[isComplete(before).awaits ?? 'semicolon'];
    before += `\n${line}`;
    return `${reason}> `.padStart(PROMPT.length);
  });
}

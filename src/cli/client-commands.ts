import { readText } from './config/server-config.js';
import { UsageError } from './exit.js';
import type { CommandCall, CommandName } from './input.js';
import { OUTPUT_FORMATS, type OutputFormat } from './render/output-format.js';
import { printable } from './render/printable.js';
import type { Shell } from './shell.js';

interface Command {
  readonly usage: string;
  readonly help: string;
  /** Answers false to leave, anything else to stay. */
  readonly run: (argument: string, shell: Shell) => Promise<unknown>;
}

/** @returns false when the command asks to leave. @throws UsageError for an argument that makes no sense */
export async function runCommand({ name, argument }: CommandCall, shell: Shell): Promise<boolean> {
  return (await COMMANDS[name].run(argument, shell)) !== false;
}

const COMMANDS: Readonly<Record<CommandName, Command>> = {
  clear: {
    usage: 'clear',
    help: 'Clears the screen.',
    run: async (_, shell) => {
      if (shell.terminal.repaints) await shell.terminal.write('\u001b[H\u001b[2J\u001b[3J');
    },
  },
  exit: { usage: 'exit', help: 'Leaves, as do quit and Ctrl-D.', run: async () => false },
  help: { usage: 'help', help: 'Shows this.', run: async (_, shell) => shell.write(helpText()) },
  history: {
    usage: 'history',
    help: 'Lists what was entered in this session.',
    run: async (_, shell) => {
      const lines = shell.inputs.map((text, i) => `${String(i + 1).padStart(4)}: ${printable(text)}\n`);
      await shell.write(lines.join(''));
    },
  },
  output: {
    usage: 'output [table|json|ndjson|csv]',
    help: 'Shows or sets how results are written.',
    run: async (argument, shell) => {
      if (argument === '') return shell.write(`Current output format: ${shell.output}\n`);
      shell.output = outputFormat(argument);
      await shell.write(`Output format set to ${shell.output}\n`);
    },
  },
  quit: { usage: 'quit', help: 'Leaves.', run: async () => false },
  'request-pipelining': {
    usage: 'request-pipelining [ON|OFF]',
    help: 'Accepted for the sake of scripts: every statement waits for the ones before it.',
    run: async (_, shell) => shell.write('Current request-pipelining configuration: OFF\n'),
  },
  'run script': {
    usage: "run script 'FILE'",
    help: 'Runs the statements of a file.',
    run: async (argument, shell) => {
      if (argument === '') throw new UsageError('run script needs the name of a file');
      return shell.run(readText(argument, 'script'), { name: argument, firstLine: 1 });
    },
  },
  server: {
    usage: 'server [URL|FILE.db]',
    help: 'Shows or changes where statements run.',
    run: async (argument, shell) => {
      if (argument !== '') await shell.connect(argument);
      await shell.write(`${await shell.backend.version()}\n`);
    },
  },
  'set cli': {
    usage: 'set cli WRAP ON|OFF, set cli COLUMN-WIDTH N',
    help: 'Whether long values wrap; how wide columns are (0: as the content needs).',
    run: async (argument, shell) => shell.write(setCli(argument, shell)),
  },
  spool: {
    usage: "spool 'FILE', spool OFF",
    help: 'Copies the session to a file.',
    run: async (argument, shell) => {
      if (argument === '') throw new UsageError('spool needs the name of a file, or OFF');
      if (argument.toUpperCase() !== 'OFF') {
        return shell.write(`Session will be spooled to ${shell.spool.start(argument)}\nEnter SPOOL OFF to disable\n`);
      }
      const path = shell.spool.stop();
      await shell.write(path === null ? 'No running spool!\n' : `Spool written to ${path}\n`);
    },
  },
  version: {
    usage: 'version',
    help: 'Shows who answers.',
    run: async (_, shell) => shell.write(`Version: ${await shell.backend.version()}\n`),
  },
};

/** ksqlDB's TABULAR is a table. @throws UsageError */
export function outputFormat(text: string): OutputFormat {
  const lower = text.toLowerCase();
  const found = lower === 'tabular' ? 'table' : OUTPUT_FORMATS.find((format) => format === lower);
  if (found !== undefined) return found;
  const valid = OUTPUT_FORMATS.map((format) => `'${format}'`).join(', ');
  throw new UsageError(`Invalid output format: '${text}' (valid formats: ${valid})`);
}

function setCli(argument: string, shell: Shell): string {
  const [name = '', value = ''] = argument.split(/\s+/);
  switch (name.toUpperCase()) {
    case 'WRAP':
      if (!/^(on|off)$/i.test(value)) throw new UsageError('WRAP is ON or OFF');
      shell.style = { ...shell.style, wrap: value.toUpperCase() === 'ON' };
      return `Wrap ${value.toUpperCase()}\n`;
    case 'COLUMN-WIDTH':
      if (!/^\d{1,5}$/.test(value)) throw new UsageError('COLUMN-WIDTH is a number of characters, 0 for automatic');
      shell.style = { ...shell.style, columnWidth: Number(value) };
      return `Column width ${Number(value)}\n`;
    default:
      throw new UsageError(`Undefined property: ${name}`, 'There are WRAP and COLUMN-WIDTH.');
  }
}

function helpText(): string {
  const commands = Object.values(COMMANDS).map(({ usage, help }) => `  ${usage.padEnd(46)}${help}\n`);
  return `Statements end with ";" and may take several lines: Enter runs what is complete, Alt-Enter begins a line.
  SHOW STREAMS; SHOW TABLES; SHOW QUERIES;      What there is.
  DESCRIBE name;                                Its columns; EXTENDED shows positions and statistics.
  SELECT ... FROM table;                        Reads a table once.
  SELECT ... FROM stream EMIT CHANGES;          Shows rows as they come, until Ctrl-C or LIMIT.
  SHOW FUNCTIONS; DESCRIBE FUNCTION name;       What expressions can call.

Commands, which need no ";":
${commands.join('')}
Keys: Tab completes, Ctrl-R searches the history, Up and Down walk through it, Ctrl-C clears the line or stops a
query, Ctrl-D leaves.
`;
}

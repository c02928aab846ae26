import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { MILLRACE_VERSION } from '../engine/version.js';
import { EXIT, type ExitCode } from './exit.js';
import { OUTPUT_FORMATS, type OutputFormat } from './render/output-format.js';
import { processTerminal, type Terminal } from './terminal.js';

/*
 * The command line. Commands are imported when they are called, so that none waits for what another needs.
 */

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

function outputOption(): Option {
  return new Option('-o, --output <format>', 'how results are written')
    .choices([...OUTPUT_FORMATS, 'tabular'])
    .default('table')
    .argParser((text: string): OutputFormat => {
      const lower = text.toLowerCase();
      const found = lower === 'tabular' ? 'table' : OUTPUT_FORMATS.find((format) => format === lower);
      if (found === undefined) throw new InvalidArgumentError(`Choose one of ${OUTPUT_FORMATS.join(', ')}.`);
      return found;
    });
}

function functionsOption(flags = '--functions-dir <dir>'): Option {
  return new Option(flags, 'a folder of modules that define functions (JavaScript or TypeScript)');
}

function setOption(text: string): Option {
  return new Option('-s, --set <name=value>', text).argParser(collect).default([], 'none');
}

function buildProgram(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = new Command('millrace')
    .description('Streaming SQL on one file: ksqlDB statements, continuous queries, tables you can read.')
    .option('-V, --version', 'show the version; with --json as JSON')
    .option('--json', 'with --version: as JSON')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText('after', examples(ROOT_EXAMPLES) + EXIT_CODES);

  program
    .command('server')
    .description('serve HTTP (ksqlDB API) over an engine on one file, until SIGTERM or Ctrl-C')
    .option('-c, --config <file>', 'a ksqlDB properties file; repeatable', collect, [])
    .option('-l, --listen <host:port>', 'address to listen on (default: 127.0.0.1:8088)')
    .option(
      '-d, --data <path>',
      'the file that holds everything, or :memory: (default: millrace.db in this folder); on Kafka the folder of this node (default: millrace-state)',
    )
    .option('-b, --bootstrap-servers <host:port,...>', 'run on this Kafka cluster instead of the embedded log')
    .option(
      '-q, --queries-file <file>',
      'statements to have in force; a folder stands for its *.sql; repeatable',
      collect,
      [],
    )
    .option(
      '--insecure',
      'listen on an address that other machines can reach, although nobody is asked for a password',
      false,
    )
    .addOption(functionsOption())
    .addOption(new Option('--threads <n>', '1: tasks in a thread of their own; 0: inline').choices(['0', '1']))
    .addOption(setOption('a setting of the server; repeatable'))
    .addHelpText('after', examples(SERVER_EXAMPLES) + SERVER_NOTES)
    .action(async (options) => {
      const { runServer } = await import('./commands/server.js');
      const threads = options.threads === undefined ? undefined : options.threads === '0' ? 0 : 1;
      finish(await runServer({ ...options, threads, queriesFile: options.queriesFile }, terminal));
    });

  program
    .command('sql')
    .description('run statements on a server or on a file: a prompt on a terminal, else what is piped in')
    .argument('[target]', 'URL of a server, or a file, or :memory: (default: http://localhost:8088)')
    .option('-e, --execute <sql>', 'run statements and leave; repeatable', collect, [])
    .option('-f, --file <path>', 'run the statements of a file and leave; repeatable', collect, [])
    .addOption(outputOption())
    .option('-D, --define <name=value>', 'a variable for ${name}; repeatable', collect, [])
    .addOption(functionsOption())
    .addOption(setOption('a property as by SET; repeatable'))
    .addHelpText('after', examples(SQL_EXAMPLES))
    .action(async (target, options) => {
      const { runSql } = await import('./commands/sql.js');
      finish(await runSql(target, options, terminal));
    });

  program
    .command('run')
    .description('run files of statements on an engine of its own; queries end when all input is processed')
    .argument('<file...>', 'files of statements, run in order')
    .option('-d, --data <file>', 'the file that holds everything', ':memory:')
    .addOption(outputOption())
    .addOption(functionsOption())
    .addOption(setOption('a setting of the engine; repeatable'))
    .addHelpText('after', examples(RUN_EXAMPLES))
    .action(async (files, options) => {
      const { runFiles } = await import('./commands/run.js');
      finish(await runFiles(files, options, terminal));
    });

  program
    .command('load')
    .description('append the rows of a file to a stream or table')
    .argument('<stream>', 'the stream or table')
    .argument('<file>', '.ndjson (a JSON object a line) or .csv (a header line first), also with .gz')
    .option('-d, --data <file>', 'write to the engine of this file')
    .option('--server <url>', 'write to a server (default: http://localhost:8088)')
    .addHelpText('after', examples(LOAD_EXAMPLES))
    .action(async (stream, file, options) => {
      const { runLoad } = await import('./commands/load.js');
      finish(await runLoad(stream, file, options, terminal));
    });

  program
    .command('test')
    .description('run tests of statements: records in, records out, and no server')
    .argument('[path...]', 'files and folders of tests: .json with lists of cases, .sql with --@test: lines')
    .addOption(new Option('--reporter <name>', 'how results are written').choices(['plain', 'json']).default('plain'))
    .option('--filter <text>', 'only tests whose id contains this')
    .option('--summary', 'group failures by reason', false)
    .addOption(
      new Option('--dialect <name>', 'ksqldb refuses what ksqlDB refuses')
        .choices(['millrace', 'ksqldb'])
        .default('ksqldb'),
    )
    .addOption(functionsOption('-e, --functions-dir <dir>'))
    .option('-s, --sql-file <file>', 'one test, as ksql-test-runner takes it: its statements')
    .option('-i, --input-file <file>', 'with --sql-file: {"inputs": [...]}')
    .option('-o, --output-file <file>', 'with --sql-file: {"outputs": [...]}')
    .addHelpText('after', examples(TEST_EXAMPLES))
    .action(async (paths, options) => {
      const { runTest } = await import('./commands/test.js');
      finish(await runTest(paths, options, terminal));
    });

  program
    .command('demo')
    .description('replay 20,000 flights into an engine and watch its tables change; then a prompt on them')
    .option('-p, --port <n>', 'port of the HTTP endpoint; 0 takes a free one', portNumber, 8088)
    .option('--host <host>', 'address of the HTTP endpoint', '127.0.0.1')
    .option('--insecure', 'allow an address that other machines can reach', false)
    .option(
      '-d, --data <file>',
      'keep everything in this file and go on from there next time (default: a file that is removed)',
    )
    .option(
      '--speed <n>',
      'seconds of 2001 that pass in a second (default: 129600; without a terminal as fast as it goes)',
      positiveNumber,
    )
    .addHelpText('after', examples(DEMO_EXAMPLES))
    .action(async (options) => {
      const { runDemo } = await import('./commands/demo.js');
      finish(await runDemo(options, terminal));
    });

  return program;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}

const EXIT_CODES = `
Exit codes: 0 done, 1 a statement or row was refused, 2 wrong usage, 3 no connection or a failing service, 130 Ctrl-C.
`;

const SERVER_NOTES = `
Settings come from --config files, then from KSQL_* variables (KSQL_KSQL_SERVICE_ID is ksql.service.id), then from --set.
Of the server's own there are listeners, ksql.queries.file and millrace.data.
Compiled code is kept in the user's folder for caches, for a quicker start: MILLRACE_CODE_CACHE names another folder, or is off.
`;

const ROOT_EXAMPLES = [
  ['millrace demo', 'watch 20,000 flights become tables'],
  ['millrace sql flights.db', 'a prompt on a file'],
  ['millrace server --queries-file queries.sql', 'continuous queries with HTTP beside them'],
] as const;

const SERVER_EXAMPLES = [
  ['millrace server', 'on 127.0.0.1:8088, data in ./millrace.db'],
  ['millrace server --listen :9000 --data /var/lib/millrace/data.db', ''],
  ['millrace server -c ksql-server.properties -q sql/', ''],
  ['millrace server --functions-dir functions/', 'with functions of your own'],
  ['millrace server -b broker:9092 -d /var/lib/millrace', 'a node on Kafka; start as many as you like'],
  ['millrace server -b broker:9092 -s ksql.service.id=orders_ -d orders', ''],
] as const;

const SQL_EXAMPLES = [
  ['millrace sql', 'a prompt on the server of this machine'],
  ['millrace sql :memory:', 'a prompt on an engine that keeps nothing'],
  ["millrace sql http://host:8088 -e 'SHOW TABLES;' -o json", ''],
  ['millrace sql data.db < script.sql', ''],
] as const;

const RUN_EXAMPLES = [
  ['millrace run orders.sql insert.sql report.sql', ''],
  ['millrace run report.sql --data orders.db -o csv > report.csv', ''],
] as const;

const LOAD_EXAMPLES = [
  ['millrace load orders orders.csv --data orders.db', ''],
  ['millrace load flights flights.ndjson.gz --server http://localhost:8088', ''],
] as const;

const TEST_EXAMPLES = [
  ['millrace test tests/', ''],
  ['millrace test -s query.sql -i input.json -o output.json', ''],
] as const;

const DEMO_EXAMPLES = [
  ['millrace demo', ''],
  ['millrace demo --port 0 --data flights.db', 'keeps the file; a second start goes on'],
  ['millrace demo --speed 3600', 'an hour of 2001 in a second'],
] as const;

function examples(list: readonly (readonly [command: string, text: string])[]): string {
  const lines = list.map(([command, text]) => `  ${text === '' ? command : `${command.padEnd(46)} ${text}`}\n`);
  return `\nExamples:\n${lines.join('')}`;
}

function versionText(json: boolean): string {
  const { version, platform, arch } = process;
  if (!json) return `millrace ${MILLRACE_VERSION}\n`;
  return `${JSON.stringify({ millrace: MILLRACE_VERSION, node: version, platform, arch })}\n`;
}

async function main(args: readonly string[]): Promise<ExitCode> {
  const terminal = processTerminal();
  let code: ExitCode = EXIT.ok;
  const program = buildProgram(terminal, (result) => {
    code = result;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().showHelpAfterError('Try --help for what there is.');
  }
  if (args.length === 0) {
    await terminal.write(program.helpInformation() + examples(ROOT_EXAMPLES) + EXIT_CODES);
    return EXIT.ok;
  }
  if (args[0] === '--version' || args[0] === '-V') {
    await terminal.write(versionText(args.includes('--json')));
    return EXIT.ok;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { errorText, exitCodeOf } = await import('./render/error-text.js');
    terminal.writeError(errorText(error, terminal.err, terminal.columns));
    return exitCodeOf(error);
  }
}

void main(process.argv.slice(2)).then((code) => {
  // Output may still be on its way to a slow reader.
  process.stdout.write('', () => process.exit(code));
});

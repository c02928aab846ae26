/** A setting that the environment gives. */
export interface EnvironmentEntry {
  readonly name: string;
  readonly value: string;
  /** The variable it came from. */
  readonly variable: string;
}

/** Variables of ksqlDB's start scripts and image that speak to the JVM or to the script, not to the engine. */
const NOT_SETTINGS = /^KSQL_(?:OPTS|CLASSPATH|CONFIG_DIR|HEAP_OPTS|.*_OPTS|LOG4J_.*|GC_.*|HOME|VERSION)$/;

/**
 * Settings in environment variables, as ksqlDB's image reads them: `KSQL_` and the name in upper case with `_` for each dot, `__` for a
 * dash, `___` for an underscore (`KSQL_KSQL_SERVICE_ID`, `KSQL_LISTENERS`); and `-Dname=value` in `KSQL_OPTS`, which come last and win.
 */
export function environmentSettings(env: Readonly<Record<string, string | undefined>>): EnvironmentEntry[] {
  const entries: EnvironmentEntry[] = [];
  for (const variable of Object.keys(env).sort()) {
    const value = env[variable];
    if (value === undefined || !variable.startsWith('KSQL_') || NOT_SETTINGS.test(variable)) continue;
    const name = settingName(variable.slice('KSQL_'.length));
    if (name !== '') entries.push({ name, value, variable });
  }
  for (const [, name, quoted, bare] of (env['KSQL_OPTS'] ?? '').matchAll(/(?:^|\s)-D([^\s=]+)=(?:"([^"]*)"|(\S*))/g)) {
    entries.push({ name: name!, value: quoted ?? bare ?? '', variable: 'KSQL_OPTS' });
  }
  return entries;
}

const SEPARATORS: readonly string[] = ['', '.', '-', '_'];

function settingName(text: string): string {
  return text.toLowerCase().replace(/_+/g, (run) => SEPARATORS[run.length] ?? run);
}

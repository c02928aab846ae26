import { StatementRules } from './statement-rules.js';

let shared: StatementRules | null = null;

/** The parser, made at first use: building it costs more than parsing many statements. */
export function sharedParser(): StatementRules {
  shared ??= new StatementRules(false);
  return shared;
}

import type { SourceSpan } from '../model/source-span.js';
import type { Statement } from './ast.js';
import { BuildContext } from './build/context.js';
import {
  diagnosticOf,
  limitDiagnostic,
  STATEMENT_WORDS,
  scanDiagnostic,
  syntaxDiagnostic,
  TEST_STATEMENT_WORDS,
  unknownStatement,
} from './diagnostics.js';
import { DEFAULT_LIMITS, isDeeperThan, LimitError, type ParseLimits, TOO_LARGE } from './limits.js';
import { sharedParser } from './rules/parser.js';
import { Scanner, spanOfToken, type Token } from './scanner.js';
import { Semicolon, Unknown } from './tokens.js';
import { applyReplacements } from './variables.js';

/** What is wrong with a text, and where. */
export interface Diagnostic {
  /** Stable kebab-case name. */
  readonly code: string;
  /**
   * ksqlDB's words where it has some: `line 1:8: Syntax Error`, a line end and the detail for text that does not
   * parse, `Failed to prepare statement: ...` for text that parses and means nothing.
   */
  readonly message: string;
  readonly span: SourceSpan;
  /** Tokens that would have fitted, in words. */
  readonly expected: readonly string[];
  readonly hint: string | null;
}

/** One statement of a script with the text it came from. */
export interface ParsedStatement {
  readonly statement: Statement;
  /** The source text of the statement, `;` included, after variable substitution. */
  readonly text: string;
}

export interface ParseResult {
  /** The statements that parsed, in order. */
  readonly statements: readonly ParsedStatement[];
  /** Sorted by position; empty when the whole text is well-formed. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface ParseOptions {
  /**
   * Values for `${name}`; absent means no substitution takes place and a reference is an error where it stands for
   * an identifier or literal. A DEFINE or UNDEFINE in the text holds for the statements after it.
   */
  readonly variables?: ReadonlyMap<string, string>;
  /** Accept the statements that only the test runner knows (`ASSERT VALUES`, `RUN SCRIPT`, ...). */
  readonly testDialect?: boolean;
  /** What differs from `DEFAULT_LIMITS` of `limits.ts`. */
  readonly limits?: Partial<ParseLimits>;
}

/**
 * Parses a script. Never throws: each statement that does not parse gives one diagnostic, and parsing goes on after
 * its `;`. Statements without text between two `;` are skipped.
 */
export function parse(text: string, options: ParseOptions = {}): ParseResult {
  return new ScriptParser(text, options).run();
}

/** The tokens of one statement. */
interface StatementTokens {
  readonly tokens: readonly Token[];
  readonly terminated: boolean;
  /** The first piece of text that is no token. */
  readonly unknown: Token | null;
  /** Set when the token limit was passed; `tokens` then holds the first ones only. */
  readonly tooMany: boolean;
}

class ScriptParser {
  readonly #text: string;
  readonly #limits: ParseLimits;
  readonly #testDialect: boolean;
  readonly #variables: Map<string, string> | null;
  readonly #scanner: Scanner;
  readonly #statements: ParsedStatement[] = [];
  readonly #diagnostics: Diagnostic[] = [];

  constructor(text: string, options: ParseOptions) {
    this.#text = text;
    this.#limits = options.limits === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...options.limits };
    this.#testDialect = options.testDialect ?? false;
    this.#variables = options.variables === undefined ? null : new Map(options.variables);
    this.#scanner = new Scanner(text);
  }

  run(): ParseResult {
    const limit = this.#limits.characters;
    if (this.#text.length > limit) {
      const message = `Statement is too large to parse. The text has ${this.#text.length} characters, at most ${limit} are allowed.`;
      this.#refuse(message, { start: 0, end: 0, line: 1, column: 1 }, 'send the statements in several requests');
    } else {
      this.#readStatements();
    }
    return { statements: this.#statements, diagnostics: this.#diagnostics };
  }

  #readStatements(): void {
    let count = 0;
    for (let next = this.#nextTokens(); next !== null; next = this.#nextTokens()) {
      const first = next.tokens[0]!;
      if (first.tokenType === Semicolon) continue;
      if (++count > this.#limits.statements) {
        const message = `Too many statements: at most ${this.#limits.statements} are allowed.`;
        this.#refuse(message, spanOfToken(first), 'send the statements in several requests');
        return;
      }
      this.#parseStatement(next);
    }
  }

  /** Reads up to the next `;`; null at the end of the text. */
  #nextTokens(): StatementTokens | null {
    const tokens: Token[] = [];
    let unknown: Token | null = null;
    let tooMany = false;
    for (let token = this.#scanner.next(); token !== null; token = this.#scanner.next()) {
      if (token.tokenType === Unknown) unknown ??= token;
      if (tokens.length >= this.#limits.tokens && token.tokenType !== Semicolon) tooMany = true;
      else tokens.push(token);
      if (token.tokenType === Semicolon) return { tokens, terminated: true, unknown, tooMany };
    }
    return tokens.length === 0 ? null : { tokens, terminated: false, unknown, tooMany };
  }

  #parseStatement(source: StatementTokens): void {
    const { tokens } = source;
    if (source.tooMany) {
      const message = `Statement is too large to parse. It has more than ${this.#limits.tokens} tokens.`;
      this.#refuse(message, spanOfToken(tokens[0]!), 'split the statement');
      return;
    }
    if (source.unknown !== null) {
      this.#diagnostics.push(scanDiagnostic(source.unknown));
      return;
    }
    const words = this.#testDialect ? TEST_STATEMENT_WORDS : STATEMENT_WORDS;
    if (!words.includes(tokens[0]!.image.toUpperCase())) {
      this.#diagnostics.push(unknownStatement(tokens[0]!, words));
      return;
    }
    const context = new BuildContext(this.#text, this.#variables, this.#limits);
    try {
      const statement = this.#runRules(tokens, context);
      if (statement !== null) this.#accept(statement, tokens, context);
    } catch (error) {
      this.#diagnostics.push(this.#diagnosticOfThrown(error, tokens[0]!));
    }
  }

  /** The tree, or null after a diagnostic was added. */
  #runRules(tokens: readonly Token[], context: BuildContext): Statement | null {
    const parser = sharedParser();
    parser.begin([...tokens], context, this.#testDialect);
    const statement = parser.terminatedStatement();
    const error = parser.errors[0];
    if (error === undefined) return statement;
    const at = tokens.indexOf(error.token as Token);
    const token = at < 0 ? null : tokens[at]!;
    this.#diagnostics.push(
      syntaxDiagnostic({
        tokens,
        token,
        end: this.#scanner.position,
        failure: parser.failure ?? { kind: 'noAlternative', expected: [] },
        endsList: parser.endedList(error.token),
      }),
    );
    return null;
  }

  #accept(statement: Statement, tokens: readonly Token[], context: BuildContext): void {
    // A tree cannot be deeper than the statement has tokens, so most need not be walked.
    if (tokens.length > this.#limits.treeDepth && isDeeperThan(statement, this.#limits.treeDepth)) {
      this.#refuse(TOO_LARGE, spanOfToken(tokens[0]!), `chain at most ${this.#limits.treeDepth} operators`);
      return;
    }
    const start = tokens[0]!.startOffset;
    const source = this.#text.slice(start, tokens[tokens.length - 1]!.endOffset + 1);
    this.#statements.push({ statement, text: applyReplacements(source, start, context.replacements) });
    if (this.#variables === null) return;
    if (statement.kind === 'defineVariable') this.#variables.set(statement.name, statement.value);
    else if (statement.kind === 'undefineVariable') this.#variables.delete(statement.name);
  }

  #diagnosticOfThrown(error: unknown, first: Token): Diagnostic {
    const diagnostic = diagnosticOf(error);
    if (diagnostic !== null) return diagnostic;
    // The stack may end before the depth limit is reached when the caller has used much of it.
    if (error instanceof RangeError) return limitDiagnostic(new LimitError(TOO_LARGE, spanOfToken(first), 'nest less'));
    throw error;
  }

  #refuse(message: string, span: SourceSpan, hint: string): void {
    this.#diagnostics.push(limitDiagnostic(new LimitError(message, span, hint)));
  }
}

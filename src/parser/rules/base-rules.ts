import {
  EmbeddedActionsParser,
  type IParserErrorMessageProvider,
  type IToken,
  type ParserMethod,
  type TokenType,
} from 'chevrotain';
import type { SourceSpan } from '../../model/source-span.js';
import type { Duration, Identifier } from '../ast.js';
import { BuildContext } from '../build/context.js';
import { duration } from '../build/literals.js';
import { LimitError, TOO_LARGE } from '../limits.js';
import { spanOfToken } from '../scanner.js';
import { ALL_TOKENS, IntegerValue, Name, TextOrName, UnitOfTime } from '../tokens.js';

/** How the parser was told apart from the text: one token that did not come, or no alternative that fits. */
export type FailureKind = 'mismatch' | 'noAlternative' | 'tokenSet';

/** What was expected where the text went wrong, as the parser saw it. */
export interface Failure {
  readonly kind: FailureKind;
  readonly expected: readonly TokenType[];
}

/** Marks a choice among single tokens: its failure is reported as the set of them. */
export const TOKEN_SET = 'token set';

/**
 * What all rules share: names, durations, the count of nesting. Rules build the tree as they go; whatever looks
 * into a token or a node is done inside `ACTION`, because Chevrotain records each rule once without input.
 */
export class BaseRules extends EmbeddedActionsParser {
  /** Set before each statement. */
  context: BuildContext = new BuildContext('', null);
  /** Whether statements of the test runner are accepted. */
  testDialect = false;
  #depth = 0;
  #listEnd: IToken | null = null;
  #failure: Failure | null = null;

  readonly name: ParserMethod<[], Identifier> = this.RULE('identifier', () => {
    const token = this.CONSUME(Name);
    return this.ACTION<Identifier>(() => this.context.identifier(token));
  });

  readonly sourceName: ParserMethod<[], Identifier> = this.RULE('sourceName', () => {
    const token = this.CONSUME(Name);
    return this.ACTION<Identifier>(() => this.context.sourceName(token));
  });

  /** A name that keeps its case, or a string. */
  readonly text: ParserMethod<[], string> = this.RULE('text', () => {
    const token = this.CONSUME(TextOrName);
    return this.ACTION<string>(() => this.context.textOrName(token));
  });

  readonly duration: ParserMethod<[], Duration> = this.RULE('duration', () => {
    const amount = this.CONSUME(IntegerValue);
    const unit = this.CONSUME(UnitOfTime);
    return this.ACTION<Duration>(() => duration(amount, unit));
  });

  constructor(validate: boolean) {
    const failures = new FailureMessages();
    super([...ALL_TOKENS], { maxLookahead: 1, skipValidations: !validate, errorMessageProvider: failures });
    failures.report = (failure) => {
      this.#failure = failure;
    };
  }

  /** Makes ready for the tokens of one statement. */
  begin(tokens: IToken[], context: BuildContext, testDialect: boolean): void {
    this.context = context;
    this.testDialect = testDialect;
    this.#depth = 0;
    this.#listEnd = null;
    this.#failure = null;
    this.input = tokens;
  }

  /** What was expected at the token where the parser gave up. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** Counts one level of nesting; every rule that may contain itself calls it, and `leave` at its end. */
  protected enter(): void {
    if (++this.#depth > this.context.limits.depth && !this.RECORDING_PHASE) {
      throw new LimitError(TOO_LARGE, spanOfToken(this.LA(1)), `nest at most ${this.context.limits.depth} levels deep`);
    }
  }

  protected leave(): void {
    this.#depth--;
  }

  /** Remembers that a comma would have continued the list that ended just here. */
  protected listEnded(): void {
    this.#listEnd = this.LA(1);
  }

  /** Whether a comma before this token would have continued a list. */
  endedList(token: IToken): boolean {
    return this.#listEnd === token;
  }

  /** The span from a first token to the last one consumed. */
  protected spanFrom(first: IToken): SourceSpan {
    return {
      start: first.startOffset,
      end: this.LA(0).endOffset! + 1,
      line: first.startLine!,
      column: first.startColumn!,
    };
  }

  /** The same from a node's span. */
  protected extend(first: SourceSpan): SourceSpan {
    return { start: first.start, end: this.LA(0).endOffset! + 1, line: first.line, column: first.column };
  }

  /** Whether the token `ahead` of here is of this type; names count as names whatever word they are. */
  protected isAt(ahead: number, type: TokenType): boolean {
    return this.LA(ahead).tokenType === type;
  }

  protected isNameAt(ahead: number): boolean {
    const type = this.LA(ahead).tokenType;
    return type.CATEGORIES?.includes(Name) ?? false;
  }
}

/** Keeps what was expected instead of writing sentences: those are made where the whole statement is known. */
class FailureMessages implements IParserErrorMessageProvider {
  report: (failure: Failure) => void = () => {};

  buildMismatchTokenMessage(options: { expected: TokenType }): string {
    this.report({ kind: 'mismatch', expected: [options.expected] });
    return '';
  }

  buildNotAllInputParsedMessage(): string {
    this.report({ kind: 'mismatch', expected: [] });
    return '';
  }

  buildNoViableAltMessage(options: { expectedPathsPerAlt: TokenType[][][]; customUserDescription?: string }): string {
    const expected = options.expectedPathsPerAlt.flatMap((paths) => paths.map((path) => path[0]!));
    const kind = options.customUserDescription === TOKEN_SET ? 'tokenSet' : 'noAlternative';
    this.report({ kind, expected: [...new Set(expected)] });
    return '';
  }

  buildEarlyExitMessage(options: { expectedIterationPaths: TokenType[][] }): string {
    this.report({
      kind: 'noAlternative',
      expected: [...new Set(options.expectedIterationPaths.map((path) => path[0]!))],
    });
    return '';
  }
}

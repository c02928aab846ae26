import { assert } from '../../model/errors.js';
import type { SqlValue } from '../../model/value.js';
import { isSimple, type Mode, type Piece } from './piece.js';
import { RUNTIME } from './runtime.js';

/** Variables of one generated function: what it declares, and what it takes from outside. */
class Frame {
  readonly temporaries: string[] = [];
  readonly free = new Set<string>();
}

const VARIABLE = /^[A-Za-z_$][\w$]*$/;

/**
 * The text of generated functions: names, constants, temporaries, guards. Knows nothing of SQL.
 * All names it makes begin with `$`.
 */
export class CodeWriter {
  readonly #constants: unknown[] = [];
  readonly #constantNames = new Map<unknown, string>();
  readonly #functions: string[] = [];
  readonly #fail: string;
  #frame = new Frame();
  #serial = 0;

  /** @param fail called with what was thrown and a label when a guard catches; its result is ignored */
  constructor(fail: (cause: unknown, label: string) => void) {
    this.#fail = this.constant(fail);
  }

  /** A variable that holds the value; the value itself never becomes text. */
  constant(value: unknown): string {
    let name = this.#constantNames.get(value);
    if (name === undefined) {
      name = `$k${this.#constants.length}`;
      this.#constants.push(value);
      this.#constantNames.set(value, name);
    }
    return name;
  }

  /** The variable that holds a function of `runtime.ts`. */
  runtime(name: keyof typeof RUNTIME): string {
    return this.constant(RUNTIME[name]);
  }

  /** A literal value: numbers and booleans as themselves, everything else as a constant. */
  value(value: SqlValue): Piece {
    const piece = (code: string, plain = false): Piece => ({ code, nullable: value === null, throws: false, plain });
    if (value === null || typeof value === 'boolean') return piece(String(value));
    if (typeof value !== 'number') return piece(this.constant(value));
    return piece(value < 0 || Object.is(value, -0) ? `(-${Math.abs(value)})` : String(value), true);
  }

  /** A position or a scale, as text. Plans come from outside, so it is checked to be a number. */
  integer(value: number): string {
    assert(Number.isSafeInteger(value), 'a position or scale of a plan is an integer');
    return String(value);
  }

  /** A variable from outside the generated expression. */
  variable(name: string): string {
    assert(VARIABLE.test(name), 'a variable name is an identifier');
    this.#frame.free.add(name);
    return name;
  }

  freshName(prefix: string): string {
    return `$${prefix}${this.#serial++}`;
  }

  temporary(): string {
    const name = this.freshName('t');
    this.#frame.temporaries.push(name);
    return name;
  }

  /**
   * Code over operands none of which is null; where one is, the result is null in `value` mode and an error in `inner`
   * mode, or `whenNull` if that is given.
   * @param build gets a name for each operand, which it may repeat
   */
  strict(
    operands: readonly Piece[],
    mode: Mode,
    build: (...names: string[]) => { code: string; throws?: boolean; plain?: boolean; nullable?: boolean },
    whenNull?: 'null' | 'false' | 'true',
  ): Piece {
    const setup: string[] = [];
    const checks: string[] = [];
    const names = operands.map((operand) => {
      let name = operand.code;
      if (!isSimple(name)) {
        name = this.temporary();
        setup.push(`${name} = ${operand.code}`);
      }
      if (operand.nullable) checks.push(`${name} === null`);
      return name;
    });
    const built = build(...names);
    const throwsOnNull = whenNull === undefined && mode === 'inner' && checks.length > 0;
    const otherwise = throwsOnNull ? `${this.runtime('failNull')}()` : (whenNull ?? 'null');
    const guarded = checks.length === 0 ? built.code : `${checks.join(' || ')} ? ${otherwise} : ${built.code}`;
    return {
      code: `(${[...setup, guarded].join(', ')})`,
      nullable: built.nullable === true || (checks.length > 0 && !throwsOnNull && otherwise === 'null'),
      throws: operands.some((operand) => operand.throws) || built.throws === true || throwsOnNull,
      plain: built.plain === true,
    };
  }

  /**
   * Code that cannot throw: where `emit` gives code that can, it moves into a function that catches, reports under `label`
   * and answers `failure`.
   */
  guard(emit: () => Piece, label: string, failure: 'null' | 'false' = 'null'): Piece {
    const { piece, frame } = this.#inFrame(emit);
    if (!piece.throws) {
      this.#frame.temporaries.push(...frame.temporaries);
      for (const name of frame.free) this.#frame.free.add(name);
      return piece;
    }
    const name = this.freshName('g');
    const parameters = [...frame.free].join(', ');
    this.#functions.push(
      `function ${name}(${parameters}) { ${declare(frame)}try { return ${piece.code}; } ` +
        `catch ($e) { ${this.#fail}($e, ${this.constant(label)}); return ${failure}; } }`,
    );
    for (const free of frame.free) this.#frame.free.add(free);
    return { code: `${name}(${parameters})`, nullable: failure === 'null', throws: false };
  }

  /** A function value over `parameters`; made once when its body needs nothing from outside. */
  closure(parameters: readonly string[], emit: () => Piece): string {
    const { piece, frame } = this.#inFrame(emit);
    for (const parameter of parameters) frame.free.delete(parameter);
    const body = `(${parameters.join(', ')}) { ${declare(frame)}return ${piece.code}; }`;
    if (frame.free.size > 0) {
      for (const free of frame.free) this.#frame.free.add(free);
      return `(${body.replace(') {', ') => {')})`;
    }
    const name = this.freshName('l');
    this.#functions.push(`function ${name}${body}`);
    return name;
  }

  /** `let` statements for the temporaries of the code emitted so far outside guards and closures. */
  declarations(): string {
    return declare(this.#frame);
  }

  /** Runs `return <body>` with all constants and functions in scope. */
  build(body: string): unknown {
    const constants = this.#constants.map((_, i) => `$k${i} = $c[${i}]`);
    const source = `'use strict'; const ${constants.join(', ')};\n${this.#functions.join('\n')}\nreturn ${body};`;
    return new Function('$c', source)(this.#constants);
  }

  #inFrame(emit: () => Piece): { piece: Piece; frame: Frame } {
    const outer = this.#frame;
    const frame = new Frame();
    this.#frame = frame;
    try {
      return { piece: emit(), frame };
    } finally {
      this.#frame = outer;
    }
  }
}

function declare(frame: Frame): string {
  return frame.temporaries.length === 0 ? '' : `let ${frame.temporaries.join(', ')}; `;
}

import type { IToken, ParserMethod } from 'chevrotain';
import type { Identifier, StructTypeField, TypeName } from '../ast.js';
import { decimalType, simpleType } from '../build/types.js';
import {
  Comma,
  DecimalValue,
  FloatingValue,
  GreaterThan,
  IntegerValue,
  K,
  LessThan,
  LParen,
  Name,
  NotEqual,
  RParen,
} from '../tokens.js';
import { BaseRules, TOKEN_SET } from './base-rules.js';

/** Types as written. */
export class TypeRules extends BaseRules {
  readonly type: ParserMethod<[], TypeName> = this.RULE('type', () => {
    this.enter();
    let type = this.OR([
      { GATE: () => this.isAt(2, LessThan), ALT: () => this.SUBRULE(this.arrayType) },
      { GATE: () => this.isAt(2, LessThan), ALT: () => this.SUBRULE(this.mapType) },
      {
        GATE: () => this.isAt(2, LessThan) || this.isAt(2, NotEqual),
        ALT: () => this.SUBRULE(this.structType),
      },
      { ALT: () => this.SUBRULE(this.decimalType) },
      { ALT: () => this.SUBRULE(this.simpleType), IGNORE_AMBIGUITIES: true },
    ]);
    this.MANY(() => {
      this.CONSUME(K.ARRAY);
      this.ACTION(() => {
        type = { kind: 'arrayType', element: type, span: this.extend(type.span) };
      });
    });
    this.leave();
    return type;
  });

  readonly arrayType: ParserMethod<[], TypeName> = this.RULE('arrayType', () => {
    const first = this.CONSUME(K.ARRAY);
    this.CONSUME(LessThan);
    const element = this.SUBRULE(this.type);
    this.CONSUME(GreaterThan);
    return this.ACTION<TypeName>(() => ({ kind: 'arrayType', element, span: this.spanFrom(first) }));
  });

  readonly mapType: ParserMethod<[], TypeName> = this.RULE('mapType', () => {
    const first = this.CONSUME(K.MAP);
    this.CONSUME(LessThan);
    const key = this.SUBRULE(this.type);
    this.CONSUME(Comma);
    const value = this.SUBRULE2(this.type);
    this.CONSUME(GreaterThan);
    return this.ACTION<TypeName>(() => ({ kind: 'mapType', key, value, span: this.spanFrom(first) }));
  });

  readonly structType: ParserMethod<[], TypeName> = this.RULE('structType', () => {
    const first = this.CONSUME(K.STRUCT);
    const fields: StructTypeField[] = [];
    this.OR([
      {
        ALT: () => {
          this.CONSUME(LessThan);
          this.MANY_SEP({ SEP: Comma, DEF: () => fields.push(this.SUBRULE(this.structTypeField)) });
          this.listEnded();
          this.CONSUME(GreaterThan);
        },
      },
      { ALT: () => this.CONSUME(NotEqual) },
    ]);
    return this.ACTION<TypeName>(() => ({ kind: 'structType', fields, span: this.spanFrom(first) }));
  });

  readonly structTypeField: ParserMethod<[], StructTypeField> = this.RULE('structTypeField', () => {
    const name: Identifier = this.SUBRULE(this.name);
    const type: TypeName = this.SUBRULE(this.type);
    return { name, type };
  });

  readonly decimalType: ParserMethod<[], TypeName> = this.RULE('decimalType', () => {
    const first = this.CONSUME(K.DECIMAL);
    this.CONSUME(LParen);
    const precision = this.SUBRULE(this.unsignedNumber);
    this.CONSUME(Comma);
    const scale = this.SUBRULE2(this.unsignedNumber);
    this.CONSUME(RParen);
    return this.ACTION<TypeName>(() => decimalType(precision, scale, this.spanFrom(first)));
  });

  readonly unsignedNumber: ParserMethod<[], IToken> = this.RULE('unsignedNumber', () =>
    this.OR({
      DEF: [
        { ALT: () => this.CONSUME(IntegerValue) },
        { ALT: () => this.CONSUME(DecimalValue) },
        { ALT: () => this.CONSUME(FloatingValue) },
      ],
      ERR_MSG: TOKEN_SET,
    }),
  );

  /** Parameters are allowed and mean nothing, as in ksqlDB: `VARCHAR(100)`. */
  readonly simpleType: ParserMethod<[], TypeName> = this.RULE('simpleType', () => {
    const first = this.CONSUME(Name);
    this.OPTION(() => {
      this.CONSUME(LParen);
      this.SUBRULE(this.typeParameter);
      this.MANY(() => {
        this.CONSUME(Comma);
        this.SUBRULE2(this.typeParameter);
      });
      this.listEnded();
      this.CONSUME(RParen);
    });
    return this.ACTION<TypeName>(() => simpleType(this.context.identifier(first), this.spanFrom(first)));
  });

  readonly typeParameter: ParserMethod<[], IToken> = this.RULE('typeParameter', () =>
    this.OR({
      DEF: [{ ALT: () => this.CONSUME(K.STRING) }, { ALT: () => this.CONSUME(IntegerValue) }],
      ERR_MSG: TOKEN_SET,
    }),
  );
}

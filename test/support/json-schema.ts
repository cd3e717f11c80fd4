/**
 * Checks a value against a JSON Schema: the part of draft 2020-12 that our schemas use, and nothing else, so
 * that a keyword it does not know is an error and not a gap.
 *
 * It is stricter than the standard in one point: a member that the schema does not name is reported, because a
 * schema that we publish has to name all that we write.
 */

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

const KNOWN = new Set([
  '$schema',
  '$id',
  '$defs',
  '$ref',
  'title',
  'description',
  'type',
  'const',
  'enum',
  'pattern',
  'minimum',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
]);

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function isType(value: unknown, type: string): boolean {
  return type === 'integer' ? Number.isSafeInteger(value) : typeOf(value) === type;
}

/**
 * @returns what is wrong, each with its place, such as `payments[3].txid`; empty when all is well
 */
export function schemaProblems(value: unknown, root: JsonSchema): string[] {
  const problems: string[] = [];
  check(value, root, '');
  return problems;

  function check(item: unknown, given: JsonSchema, place: string): void {
    const schema = resolve(given);
    for (const keyword of Object.keys(schema)) {
      if (!KNOWN.has(keyword))
        problems.push(`${place}: the schema uses the unknown keyword ${keyword}`);
    }
    if ('const' in schema && item !== schema['const'])
      problems.push(`${place}: is not ${schema['const']}`);
    if ('enum' in schema && !(schema['enum'] as unknown[]).includes(item))
      problems.push(`${place}: ${item} is none of the values`);
    if ('type' in schema) {
      const types = [schema['type']].flat() as string[];
      if (!types.some((type) => isType(item, type))) {
        problems.push(`${place}: is ${typeOf(item)}, not ${types.join(' or ')}`);
        return;
      }
    }
    if (
      'pattern' in schema &&
      typeof item === 'string' &&
      !new RegExp(schema['pattern'] as string, 'u').test(item)
    ) {
      problems.push(`${place}: ${JSON.stringify(item)} does not match ${schema['pattern']}`);
    }
    if ('minimum' in schema && (item as number) < (schema['minimum'] as number))
      problems.push(`${place}: is too small`);
    if ('anyOf' in schema) {
      const choices = (schema['anyOf'] as JsonSchema[]).map((choice) =>
        schemaProblems(item, { $defs: root['$defs'], ...resolve(choice) }),
      );
      if (!choices.some((found) => found.length === 0))
        problems.push(...choices[0]!.map((found) => `${place}${found}`));
    }
    if (Array.isArray(item) && 'items' in schema) {
      item.forEach((member, i) => {
        check(member, schema['items'] as JsonSchema, `${place}[${i}]`);
      });
    }
    if (typeOf(item) === 'object') checkMembers(item as Record<string, unknown>, schema, place);
  }

  function checkMembers(item: Record<string, unknown>, schema: JsonSchema, place: string): void {
    const named = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
    const others = schema['additionalProperties'] as JsonSchema | undefined;
    for (const name of (schema['required'] ?? []) as string[]) {
      if (item[name] === undefined) problems.push(`${place}.${name}: is missing`);
    }
    if (!('type' in schema)) return;
    for (const [name, member] of Object.entries(item)) {
      const its = named[name] ?? others;
      if (its === undefined) problems.push(`${place}.${name}: is not in the schema`);
      else check(member, its, `${place}.${name}`);
    }
  }

  function resolve(schema: JsonSchema): JsonSchema {
    const { $ref: reference, ...rest } = schema;
    if (typeof reference !== 'string') return schema;
    const name = reference.replace('#/$defs/', '');
    const target = (root['$defs'] as Record<string, JsonSchema> | undefined)?.[name];
    if (target === undefined) throw new Error(`the schema has no ${reference}`);
    return { ...target, ...rest };
  }
}

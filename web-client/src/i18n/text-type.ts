// What a text of a catalogue is.

/** A text, or one per plural form of its language; `{name}` is replaced. */
export type Text =
  | string
  | ({ readonly other: string } & Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>);

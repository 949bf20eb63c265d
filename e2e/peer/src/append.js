// The log: gives each message its position in its conversation, and inserts a batch at once.

/** Gives out positions. One worker at a time does so for a conversation; the index judges where that goes wrong. */
export class Log {
  #messages;
  #heads = new Map();

  constructor(messages) {
    this.#messages = messages;
  }

  /**
   * Appends a batch and returns it as it is stored, in order; what was stored before is returned as it was then.
   * An error means that some of it may not be stored: the same batch is given again.
   */
  async append(batch) {
    const stored = await this.#known(batch.filter(({ again }) => again));
    let open = new Map();
    for (const { message } of batch) if (!stored.has(message.id) && !open.has(message.id)) open.set(message.id, message);
    while (open.size) {
      open = await this.#insert([...open.values()], stored);
    }
    const order = new Set(batch.map(({ message }) => message.id));
    return [...order].map((id) => stored.get(id));
  }

  /** Inserts what it can into `stored`, and returns what needs another position. */
  async #insert(messages, stored) {
    await this.#learnHeads(messages);
    const documents = messages.map((message) => this.#numbered(message));
    let failures = [];
    try {
      await this.#messages.insertMany(documents, { ordered: false });
    } catch (error) {
      failures = duplicates(error);
      if (!failures.length) {
        // Nothing is known of what was inserted: ask anew.
        this.#heads.clear();
        throw error;
      }
    }
    const failed = new Map(failures.map(({ index, isId }) => [documents[index]._id, isId]));
    for (const document of documents) if (!failed.has(document._id)) stored.set(document._id, document);
    const repeats = documents.filter(({ _id }) => failed.get(_id) === true).map(({ _id }) => ({ message: { id: _id } }));
    for (const [id, document] of await this.#known(repeats)) stored.set(id, document);
    const overtaken = messages.filter(({ id }) => failed.get(id) === false);
    for (const { conversation_id } of overtaken) this.#heads.delete(conversation_id);
    return new Map(overtaken.map((message) => [message.id, message]));
  }

  #numbered({ id, members: _members, ...message }) {
    const seq = this.#heads.get(message.conversation_id) + 1;
    this.#heads.set(message.conversation_id, seq);
    return { _id: id, seq, ...message };
  }

  async #learnHeads(messages) {
    const unknown = new Set(messages.map(({ conversation_id }) => conversation_id).filter((id) => !this.#heads.has(id)));
    await Promise.all(
      [...unknown].map(async (conversation_id) => {
        const options = { sort: { seq: -1 }, projection: { _id: 0, seq: 1 } };
        const newest = await this.#messages.findOne({ conversation_id }, options);
        this.#heads.set(conversation_id, newest?.seq ?? 0);
      }),
    );
  }

  async #known(entries) {
    if (!entries.length) return new Map();
    const found = await this.#messages.find({ _id: { $in: entries.map(({ message }) => message.id) } }).toArray();
    return new Map(found.map((document) => [document._id, document]));
  }
}

/** Which inserts a unique index refused, if that is all that went wrong. */
function duplicates(error) {
  const errors = [error.writeErrors ?? []].flat();
  const isAll = errors.length > 0 && errors.every(({ code }) => code === 11000) && !error.result?.getWriteConcernError?.();
  return isAll ? errors.map(({ index, errmsg }) => ({ index, isId: errmsg.includes("index: _id_") })) : [];
}

// The two things that may be lost: who is typing, and who is there.
import type { ConversationId, Presence, UserId } from '../gen/contract.ts';

const TYPING_FADES_MS = 6_000;
const TYPING_REPEATS_MS = 3_000;
const TYPING_ENDS_MS = 5_000;

type Timer = ReturnType<typeof setTimeout>;

/** Others' typing: shown until they stop, send, or go silent. */
export class TypingIn {
  private readonly timers = new Map<ConversationId, Map<UserId, Timer>>();

  constructor(private readonly changed: (id: ConversationId, who: readonly UserId[]) => void) {}

  heard(id: ConversationId, who: UserId, active: boolean): void {
    const people = this.timers.get(id) ?? new Map<UserId, Timer>();
    this.timers.set(id, people);
    const had = people.get(who);
    if (had) clearTimeout(had);
    if (!active && !had) return;
    if (active)
      people.set(
        who,
        setTimeout(() => this.heard(id, who, false), TYPING_FADES_MS),
      );
    else people.delete(who);
    if (active !== !!had) this.changed(id, [...people.keys()]);
  }

  clear(): void {
    for (const [id, people] of this.timers) for (const who of [...people.keys()]) this.heard(id, who, false);
  }
}

/** Our own typing: said at most every three seconds, taken back when we stop. */
export class TypingOut {
  private saidAt = 0;
  private where: ConversationId | null = null;
  private timer: Timer | null = null;

  constructor(private readonly say: (id: ConversationId, active: boolean) => void) {}

  typed(id: ConversationId): void {
    if (this.where !== null && this.where !== id) this.stopped();
    const now = Date.now();
    if (this.where === null || now - this.saidAt >= TYPING_REPEATS_MS) {
      this.saidAt = now;
      this.say(id, true);
    }
    this.where = id;
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stopped(), TYPING_ENDS_MS);
  }

  stopped(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.where !== null) this.say(this.where, false);
    this.where = null;
  }
}

/** Who is online, only for the people one is looking at. */
export class PresenceWatch {
  private watched: readonly UserId[] = [];
  private states: ReadonlyMap<UserId, Presence> = new Map();

  constructor(
    private readonly ask: (who: readonly UserId[]) => Promise<readonly Presence[]>,
    private readonly changed: (states: ReadonlyMap<UserId, Presence>) => void,
  ) {}

  watch(who: readonly UserId[]): void {
    if (who.length === this.watched.length && who.every((user) => this.watched.includes(user))) return;
    this.watched = who;
    this.renew();
  }

  /** After a reconnect the server knows nothing of what was watched. */
  renew(): void {
    if (this.watched.length === 0) return;
    this.ask(this.watched).then(
      (states) => {
        for (const state of states) this.heard(state);
      },
      () => undefined,
    );
  }

  heard(state: Presence): void {
    this.states = new Map(this.states).set(state.user_id, state);
    this.changed(this.states);
  }

  forget(): void {
    this.states = new Map();
    this.changed(this.states);
  }
}

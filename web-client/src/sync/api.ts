// The calls of the HTTP contract that this client makes, by name.
import type {
  AddMembers,
  Address,
  Backup,
  BackupPart,
  ChangedLists,
  ChangeMember,
  Claimed,
  Conversation,
  ConversationId,
  DeviceList,
  KeyMail,
  KeysHealth,
  Login,
  Mailbox,
  Me,
  MessageId,
  MessagePage,
  NewConversation,
  NewDeviceList,
  NewPrekeys,
  PrekeysLeft,
  PutBackup,
  PutBackupPart,
  Register,
  RemoveMember,
  ServerInfo,
  SessionId,
  SessionList,
  SignedIn,
  Statements,
  SyncRequest,
  SyncResponse,
  User,
  UserId,
  UserList,
} from '../gen/contract.ts';
import type { Http, Request } from './http.ts';
import { Refused } from './problem.ts';
import type { Session } from './session.ts';

export type PageRange = { after_seq: number } | { before_seq: number } | Record<string, never>;

const PAGE = 100;

/** What can be asked before anybody is signed in. */
export function guestApi(http: Http) {
  return {
    server: () => http<ServerInfo>({ method: 'GET', path: '/server' }),
    register: (body: Register) => http<SignedIn>({ method: 'POST', path: '/auth/register', body }),
    login: (body: Login) => http<SignedIn>({ method: 'POST', path: '/auth/login', body }),
  };
}

export type GuestApi = ReturnType<typeof guestApi>;

/** What a signed-in person can ask. A token that the server refuses is renewed once. */
export function api(http: Http, session: Session) {
  const call = async <T>(request: Request): Promise<T> => {
    const token = await session.token();
    try {
      return await http<T>({ ...request, token });
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.status !== 401) throw error;
      return http<T>({ ...request, token: await session.token(token) });
    }
  };
  const get = <T>(path: string) => call<T>({ method: 'GET', path });
  const post = <T>(path: string, body?: unknown) => call<T>({ method: 'POST', path, body });
  const put = <T>(path: string, body: unknown) => call<T>({ method: 'PUT', path, body });
  const remove = (path: string) => call<void>({ method: 'DELETE', path });

  return {
    me: () => get<Me>('/me'),
    person: (id: UserId) => get<User>(`/users/${id}`),
    people: (query: string) => get<UserList>(`/users?query=${encodeURIComponent(query)}`),
    block: (user: UserId) => post<void>(`/users/${user}/block`),
    unblock: (user: UserId) => remove(`/users/${user}/block`),
    startDirect: (user_id: UserId) => post<Conversation>('/conversations', { kind: 'direct', user_id }),
    startGroup: (group: Omit<NewConversation, 'kind'>) =>
      post<Conversation>('/conversations', { kind: 'group', ...group }),
    addMembers: (id: ConversationId, members: AddMembers) =>
      post<Conversation>(`/conversations/${id}/members`, members),
    changeMember: (id: ConversationId, user: UserId, change: ChangeMember) =>
      call<Conversation>({ method: 'PATCH', path: `/conversations/${id}/members/${user}`, body: change }),
    removeMember: (id: ConversationId, user: UserId, body: RemoveMember) =>
      call<void>({ method: 'DELETE', path: `/conversations/${id}/members/${user}`, body }),
    conversation: (id: ConversationId) => get<Conversation>(`/conversations/${id}`),
    page: (id: ConversationId, range: PageRange) =>
      get<MessagePage>(`/conversations/${id}/messages?${query({ ...range, limit: PAGE })}`),
    sync: (heads: SyncRequest['heads']) => post<SyncResponse>('/sync', { heads }),
    sessions: () => get<SessionList>('/sessions'),
    revoke: (id: SessionId) => remove(`/sessions/${id}`),
    logout: () => post<void>('/auth/logout'),
    keys: {
      statements: (id: ConversationId, after: number) =>
        get<Statements>(`/conversations/${id}/statements?after_epoch=${after}`),
      changed: async (known: Readonly<Record<UserId, number>>) =>
        (await post<ChangedLists>('/keys/devices', { known })).lists,
      backup: {
        find: () => orNull(get<Backup>('/keys/backup')),
        put: (body: PutBackup) => put<void>('/keys/backup', body),
        part: async (number: number) => (await get<BackupPart>(`/keys/backup/parts/${number}`)).part,
        putPart: (number: number, body: PutBackupPart) => put<void>(`/keys/backup/parts/${number}`, body),
        remove: () => remove('/keys/backup'),
      },
      devices: (user: UserId) => orNull(get<DeviceList>(`/users/${user}/devices`)),
      putDevices: (body: NewDeviceList) => put<void>('/keys/account', body),
      putPrekeys: async (body: NewPrekeys) => (await put<PrekeysLeft>('/keys/device', body)).one_time_left,
      claim: async (devices: readonly Address[]) => (await post<Claimed>('/keys/claim', { devices })).keys,
      mailbox: () => get<Mailbox>('/mailbox'),
      sendMail: (mail: readonly KeyMail[]) => post<void>('/mailbox', { mail }),
      report: (health: KeysHealth) => post<void>('/keys/health', health),
      ack: (ids: readonly MessageId[]) => post<void>('/mailbox/ack', { ids }),
    },
  };
}

export type Api = ReturnType<typeof api>;

/** What is not there is null. */
function orNull<T>(found: Promise<T>): Promise<T | null> {
  return found.catch((error: unknown) => {
    if (error instanceof Refused && error.problem.status === 404) return null;
    throw error;
  });
}

function query(values: Record<string, number>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}`)
    .join('&');
}

// The signed list of one's own devices: which ones read, and how one of them is taken out.
import type { DeviceId, DeviceList, NewDeviceList, UserId } from '../gen/contract.ts';
import { Refused } from '../sync/problem.ts';
import type { Vault } from './vault.ts';

interface OwnDevicesDeps {
  readonly me: UserId;
  readonly vault: Vault;
  readonly keys: {
    devices(user: UserId): Promise<DeviceList | null>;
    putDevices(list: NewDeviceList): Promise<void>;
  };
  /** Takes the own list in; throws where it is not this account's. */
  readonly look: (user: UserId) => Promise<unknown>;
}

/** Another of one's devices may sign a list at the same time. */
const TRIES = 3;

export class OwnDevices {
  constructor(private readonly deps: OwnDevicesDeps) {}

  /** Those that others seal for. */
  async list(): Promise<readonly DeviceId[]> {
    const { me, vault, look } = this.deps;
    await look(me);
    const { list } = await vault.call('peer', { user: me });
    return list?.devices.map(({ id }) => id) ?? [];
  }

  /** Takes a device out: from then on nothing is sealed for it. */
  async remove(id: DeviceId): Promise<void> {
    const { me, vault, keys, look } = this.deps;
    for (let left = TRIES; ; left -= 1) {
      const before = await keys.devices(me);
      if (!before?.devices.some((device) => device.id === id)) return;
      const { list } = await vault.call('sign_devices', { before, add: [], remove: [id] });
      const { user_id: _mine, ...signed } = list;
      try {
        await keys.putDevices(signed);
        break;
      } catch (error) {
        const isStale = error instanceof Refused && error.problem.code === 'stale_version';
        if (!isStale || left === 1) throw error;
      }
    }
    await look(me);
  }
}

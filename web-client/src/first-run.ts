// Whether somebody's recovery key is still to be shown: after an account was made, or began anew, on this device.
import type { UserId } from './gen/contract.ts';

const key = (user: UserId) => `sotto.recovery.${user}`;

export const recoveryKeyIs = {
  due: (user: UserId) => localStorage.setItem(key(user), 'due'),
  shown: (user: UserId) => localStorage.removeItem(key(user)),
  toBeShown: (user: UserId) => localStorage.getItem(key(user)) === 'due',
};

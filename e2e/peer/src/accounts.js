// Making an account, and signing in: what the generator needs of them.
import { freshId, opens, seal, sign } from "./tokens.js";
import { Refused } from "./problems.js";
import { isDuplicate } from "./store.js";

/** Registers somebody with one device. */
export async function register(app, { username, password, display_name, device }) {
  checkCredentials(username, password);
  const user = { _id: freshId(), username, display_name: display_name ?? username, password: await seal(password) };
  try {
    await app.store.users.insertOne(user);
  } catch (error) {
    throw isDuplicate(error) ? new Refused(409, "username_taken", "this name is taken") : error;
  }
  return signedIn(app, user, device);
}

/** Signs a device in. */
export async function login(app, { username, password, device }) {
  checkCredentials(username, password);
  const user = await app.store.users.findOne({ username });
  if (!user || !(await opens(password, user.password))) throw new Refused(401, "bad_credentials", "name or password is wrong");
  return signedIn(app, user, device);
}

function checkCredentials(username, password) {
  if (typeof username !== "string" || !username || typeof password !== "string" || !password) {
    throw new Refused(422, "invalid", "username and password are needed");
  }
}

function signedIn(app, user, device) {
  const id = freshId();
  return {
    user: { id: user._id, username: user.username, display_name: user.display_name },
    device: { id, name: device?.name ?? "", platform: device?.platform ?? "" },
    access_token: sign(app.settings.secret, user._id, id),
    access_expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  };
}

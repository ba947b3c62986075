// Loaded before a script (`node --import`): what it takes for granted, and minutes that pass in
// a second.
globalThis.accountId = process.env.ACCOUNT_ID;
globalThis.mediaFileId = process.env.MEDIA_FILE_ID;
const { setInterval } = globalThis;
globalThis.setInterval = (callback, ms) => setInterval(callback, ms / 60);

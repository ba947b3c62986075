// What the quickstart's scripts take for granted.
declare const accountId: string;
declare const mediaFileId: string;

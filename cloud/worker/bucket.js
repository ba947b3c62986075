// Media in R2. A whole file goes as it comes: R2 compares it with its digest. Of a file in parts R2
// knows no digest, so each part is compared here.

const UPLOAD_IS_GONE = /1002[45]|10011|10048|multipart/i;

export class Bucket {
  constructor(bucket, laneOf) {
    Object.assign(this, { bucket, laneOf });
  }

  async write(key, request, { type, sha256 }) {
    await this.laneOf(key).expect(key);
    try {
      const kept = await this.bucket.put(key, request.body, { httpMetadata: { contentType: type }, sha256 });
      return { status: 200, key, size: kept.size };
    } catch (error) {
      if (/10037|checksum/i.test(error.message)) return { status: 422, error: "MEDIA_BROKEN" };
      throw error;
    }
  }

  async head(key) {
    const found = await this.bucket.head(key);
    if (found === null) return null;
    const { contentType: type = "application/octet-stream" } = found.httpMetadata ?? {};
    return { size: found.size, type, sha256: found.customMetadata?.sha256 };
  }

  async read(key, offset, length) {
    const found = await this.bucket.get(key, { range: { offset, length } });
    if (found === null) throw new Error("it was deleted meanwhile");
    return found.body;
  }

  async remove(keys) {
    if (keys.length) await this.bucket.delete(keys);
  }

  async begin(key, { sha256, size, type }) {
    const found = await this.laneOf(key).uploadOf(key);
    if (found && found.sha256 === sha256 && found.size === size) return found;
    const options = { httpMetadata: { contentType: type }, customMetadata: { sha256 } };
    const { uploadId: upload } = await this.bucket.createMultipartUpload(key, options);
    const open = await this.laneOf(key).openUpload({ upload, key, sha256, size, type });
    // Another request was faster.
    if (open.upload !== upload) await this.abort({ key, upload });
    return open;
  }

  async keepPart({ key, upload }, number, _offset, bytes) {
    return this.#going(key, upload, async (remote) => (await remote.uploadPart(number, bytes)).etag);
  }

  async complete({ key, upload }) {
    const parts = await this.laneOf(key).partsOf(upload);
    const kept = await this.#going(key, upload, (remote) => remote.complete(parts));
    if (kept !== null) await this.laneOf(key).closeUpload(upload);
    return kept !== null;
  }

  async abort({ key, upload }) {
    try {
      await this.bucket.resumeMultipartUpload(key, upload).abort();
    } catch (error) {
      if (!UPLOAD_IS_GONE.test(error.message)) throw error;
    }
  }

  /** Do something with an upload; null where R2 does not know it, or its parts, any more. */
  async #going(key, upload, act) {
    try {
      return await act(this.bucket.resumeMultipartUpload(key, upload));
    } catch (error) {
      if (!UPLOAD_IS_GONE.test(error.message)) throw error;
      console.warn("an upload is gone", key, error.message);
      await this.laneOf(key).closeUpload(upload);
      return null;
    }
  }
}

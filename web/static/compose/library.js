// The library takes files in as the composer does; the list is asked for anew by itself.
import { tellChanged } from "../live.js";
import { startUploads } from "./upload.js";

startUploads(tellChanged);
document.body.dataset.library = "here";

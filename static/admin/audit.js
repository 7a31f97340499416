/** The audit, live. */

import { follow } from "./screen.js";

follow();

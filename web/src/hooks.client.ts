import { z } from 'zod';

// zod would compile schemas with eval, which the page's content security policy forbids. This module runs before any
// page's, so that compiling is off before the first schema is made.
z.config({ jitless: true });

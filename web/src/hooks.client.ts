import { z } from 'zod';

// The page's content security policy forbids eval, which the schema compiler would try. It must be off before the
// first schema is made: this module is evaluated before any page's.
z.config({ jitless: true });

/** Table `users` for tests of what fills it. */
export const USERS_SQL = `
CREATE TABLE IF NOT EXISTS public.users (
  id uuid PRIMARY KEY,
  name text,
  email text,
  gender text,
  age integer,
  age_band text GENERATED ALWAYS AS (CASE WHEN age < 18 THEN 'under 18' WHEN age < 25 THEN '18-24' WHEN age < 35 THEN '25-34'
    WHEN age < 45 THEN '35-44' WHEN age < 55 THEN '45-54' WHEN age < 65 THEN '55-64' WHEN age >= 65 THEN '65+' END) STORED,
  country text,
  city text,
  registered_at timestamptz NOT NULL
)`

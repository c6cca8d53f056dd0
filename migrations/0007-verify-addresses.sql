-- Whether the issuer or an administrator vouches for the address; one that somebody only claims names nobody.
ALTER TABLE users ADD COLUMN email_verified boolean NOT NULL DEFAULT false;
-- The built-in issuer gives out its addresses itself. Others say it again with the next token.
UPDATE users SET email_verified = true WHERE issuer = 'https://connvo.local.invalid';

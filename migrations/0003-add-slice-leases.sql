-- Who composes slices of a recording while it runs; another node may take over when the lease has run out.
ALTER TABLE recordings ADD COLUMN slices_owner text, ADD COLUMN slices_until timestamptz;

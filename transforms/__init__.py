"""Pure steps: Arrow tables in, Arrow tables out."""

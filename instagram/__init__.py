"""The wire to Instagram: the only package that imports aiograpi, trio_asyncio or asyncio."""

curl -s -H "Authorization: Bearer $VOIDGRAM_API_KEY" \
  http://localhost:3001/api/v1/auth/me | jq .accounts[].username

for i in $(seq 1 30); do
  STATUS=$(curl -s -H "Authorization: Bearer $VOIDGRAM_API_KEY" \
    http://localhost:3001/api/v1/posts/$POST_ID | jq -r .status)
  echo "attempt $i: $STATUS"
  [ "$STATUS" = "PUBLISHED" ] || [ "$STATUS" = "FAILED" ] && break
  sleep 3
done
